"""popget with a message at which the server breaks the session: the others do not wait for it.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json

import pytest

from mails import assert_same, sent_by_epop, small, stored
from minipop import MiniPop
from programs import EX_IOERR, EX_PROTOCOL, EX_TEMPFAIL, popget
from test_popget_state import LOG_HEAD, age, old_database, old_log, xxh64


@pytest.fixture(params=["sqlite", "log"])
def state(request, tmp_path):
    """A state file of each kind."""
    path = tmp_path / "state"
    if request.param == "log":
        path.write_text(LOG_HEAD)
    return path


@pytest.fixture(params=["sqlite", "log", "none"])
def remembered(request, tmp_path):
    """The options for a state of each kind, and for none."""
    if request.param == "log":
        (tmp_path / "state").write_text(LOG_HEAD)
    return [] if request.param == "none" else ["--state", tmp_path / "state"]


def closes(session):
    """Hangs up without a word."""
    session.end()
    return b""


def closes_within(session):
    session.end()
    return b"+OK\r\nSubject: hal"


def out_of_step(_):
    return b"what?\r\n"


def breaks_at(*numbers, how=closes, times=None):
    """An override of RETR or TOP: at these messages the session breaks, always or the first `times` times."""
    left = [times]

    def answer(session, argument):
        if int(argument.split()[0]) not in numbers or left[0] == 0:
            return None
        left[0] = left[0] and left[0] - 1
        return how(session)

    return answer


def fetch(server, tmp_path, *options, **where):
    return popget("--maildir", tmp_path / "in", *options, port=server.port, **where)


def got(tmp_path):
    return stored(tmp_path / "in")


def without(messages, *numbers):
    return [raw for number, raw in enumerate(messages, 1) if number not in numbers]


def days_pass(state, days):
    """Marks are so much older than they say."""
    age(state, days, "broken", "last")


def logins(server):
    return server.verbs().count(b"PASS")


# A message that breaks every session


@pytest.mark.parametrize("how, status", [(closes, EX_TEMPFAIL), (closes_within, EX_TEMPFAIL), (out_of_step, EX_PROTOCOL)])
@pytest.mark.parametrize("bad", [1, 2, 5])
def test_the_others_come_in_the_same_run(tmp_path, remembered, bad, how, status):
    messages = small(5)
    with MiniPop(messages, RETR=breaks_at(bad, how=how)) as server:
        done = fetch(server, tmp_path, *remembered, status=status)
        assert f"answer to RETR {bad}".encode() in done.stderr
        assert_same(got(tmp_path), without(messages, bad))


@pytest.mark.parametrize("bad", [1, 3])
@pytest.mark.parametrize("capabilities", [(b"UIDL", b"USER"), (b"TOP", b"UIDL", b"USER", b"PIPELINING")])
def test_the_others_are_deleted(tmp_path, remembered, bad, capabilities):
    """Each once, and the message that was not stored stays."""
    messages = small(4)
    with MiniPop(messages, capabilities, RETR=breaks_at(bad)) as server:
        fetch(server, tmp_path, *remembered, "--delete", status=EX_TEMPFAIL)
        assert_same(got(tmp_path), without(messages, bad))
        assert list(server.maildrop) == [bad]


def test_left_alone_after_three(tmp_path, state):
    """It is named, and has a session of its own before, so that new mail is safe when it breaks that."""
    messages = small(3)
    with MiniPop(messages, RETR=breaks_at(1)) as server:
        for run in (1, 2, 3):
            done = fetch(server, tmp_path, "--state", state, "--delete", status=EX_TEMPFAIL)
            assert (b"left alone for a day" in done.stderr) == (run == 3)
            assert (b"goes last in the next run" in done.stderr) == (run != 3)
            assert_same(got(tmp_path), messages[1:])
            assert list(server.maildrop) == [1]
        asked = server.verbs().count(b"RETR")
        before = logins(server)
        server.maildrop[2] = sent_by_epop(b"Subject: new\n\n")
        done = fetch(server, tmp_path, "--state", state, "--delete", status=EX_PROTOCOL)
        assert b"message 1: left alone" in done.stderr and b"--messages 1" in done.stderr
        assert server.verbs().count(b"RETR") == asked + 1 and logins(server) == before + 1
        assert len(got(tmp_path)) == 3 and list(server.maildrop) == [1]


@pytest.mark.parametrize("option", ["--all", "--messages=1"])
def test_got_when_asked_for(tmp_path, state, option):
    messages = small(2)
    with MiniPop(messages, RETR=breaks_at(1, times=3)) as server:
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)
        fetch(server, tmp_path, "--state", state, option)
        assert messages[0] in got(tmp_path)
        fetch(server, tmp_path, "--state", state)


def test_tried_again_a_day_later(tmp_path, state):
    """A server that was ill for a while is not given up for good."""
    messages = small(2)
    with MiniPop(messages, RETR=breaks_at(1)) as server:
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        days_pass(state, 1)
        fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)
        days_pass(state, 1)
        server.overrides.clear()
        fetch(server, tmp_path, "--state", state)
        assert_same(got(tmp_path), messages)


# A message that breaks a session once


def test_mark_goes_when_it_was_got(tmp_path, state):
    """Breaks count in a row: after two, and a run that got it, the next one is the first."""
    messages = small(3)
    with MiniPop(messages, RETR=breaks_at(2, times=2)) as server:
        for _ in range(2):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        fetch(server, tmp_path, "--state", state)
        assert_same(got(tmp_path), messages)
        server.overrides["RETR"] = breaks_at(2)
        for run in (1, 2, 3):
            done = fetch(server, tmp_path, "--state", state, "--all", status=EX_TEMPFAIL)
            assert (b"left alone for a day" in done.stderr) == (run == 3)


def test_mark_goes_with_the_message(tmp_path, state):
    """One that has gone from the server, and comes back under the old unique-id, is new."""
    with MiniPop(small(3), RETR=breaks_at(3)) as server:
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        bad = server.maildrop.pop(3)
        fetch(server, tmp_path, "--state", state)
        server.maildrop[3] = bad
        server.overrides.clear()
        fetch(server, tmp_path, "--state", state)
        assert_same(got(tmp_path), small(3))


def test_break_between_messages_marks_nothing(tmp_path, state):
    """At LIST, at DELE and at QUIT no message is to blame."""
    messages = small(3)
    with MiniPop(messages) as server:
        for verb in ("LIST", "DELE"):
            server.overrides = {verb: lambda session, _: closes(session)}
            fetch(server, tmp_path, "--state", state, "--delete", status=EX_TEMPFAIL)
        assert logins(server) == 2
        server.overrides = {}
        fetch(server, tmp_path, "--state", state, "--delete")
        assert logins(server) == 3
        assert_same(got(tmp_path), messages)


def test_full_disk_is_no_break(tmp_path, state):
    """What fails on this side is not the message's fault."""
    with MiniPop(small(3)) as server:
        with open("/dev/full", "wb") as full:
            popget("--stdout", "--state", state, port=server.port, status=EX_IOERR, stdout=full)
        before = logins(server)
        fetch(server, tmp_path, "--state", state)
        assert logins(server) == before + 1 == 2


def test_silence(tmp_path, remembered):
    """A server that hangs at a message is as bad as one that hangs up."""
    messages = small(3)
    with MiniPop(messages, RETR=breaks_at(1, how=lambda _: b"")) as server:
        done = fetch(server, tmp_path, *remembered, "--timeout", 1, status=EX_TEMPFAIL)
        assert b"EPOP_ERR_PEER_TIMEOUT" in done.stderr
        assert_same(got(tmp_path), messages[1:])


# Bounds


def test_server_that_breaks_at_every_message(tmp_path, remembered):
    """Where two sessions got nothing, the messages are not to blame, and the server is left in peace."""
    with MiniPop(small(9), RETR=lambda session, _: closes(session)) as server:
        fetch(server, tmp_path, *remembered, status=EX_TEMPFAIL)
        assert logins(server) == 2 and got(tmp_path) == []


def test_no_more_than_three_new_sessions(tmp_path, remembered):
    with MiniPop(small(12), RETR=breaks_at(2, 4, 6, 8, 10)) as server:
        fetch(server, tmp_path, *remembered, status=EX_TEMPFAIL)
        assert logins(server) == 4
        assert_same(got(tmp_path), [small(12)[n - 1] for n in (1, 3, 5, 7)])


def test_nothing_else_to_do(tmp_path, remembered):
    """No new session for nothing."""
    with MiniPop(small(2), RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, *remembered, status=EX_TEMPFAIL)
        assert logins(server) == 1


def test_server_that_wants_time_between_logins(tmp_path, state):
    """No new session: the message takes its turn, until it is left alone."""
    capabilities = (b"UIDL", b"USER", b"LOGIN-DELAY 60")
    messages = small(3)
    with MiniPop(messages, capabilities, RETR=breaks_at(2)) as server:
        for run in (1, 2, 3):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
            assert logins(server) == run
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)
        assert_same(got(tmp_path), without(messages, 2))


def test_max_messages_is_of_the_run(tmp_path, remembered):
    with MiniPop(small(6), RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, *remembered, "--max-messages", 3, status=EX_TEMPFAIL)
        assert_same(got(tmp_path), [small(6)[n - 1] for n in (1, 3, 4)])


def test_newest_first(tmp_path, remembered):
    with MiniPop(small(4), RETR=breaks_at(4)) as server:
        fetch(server, tmp_path, *remembered, "--newest-first", status=EX_TEMPFAIL)
        assert_same(got(tmp_path), small(3))


def test_numbers_hold_for_one_session(tmp_path, remembered):
    """With --messages, whose numbers may mean others in the next session."""
    with MiniPop(small(4), RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, *remembered, "--messages", "1-3", status=EX_TEMPFAIL)
        assert logins(server) == 1


# How messages are told again


def test_server_that_numbers_anew(tmp_path):
    """Without a state: another client has deleted the first message between the sessions."""
    messages = small(4)
    ids = {raw: b"uid-%d" % n for n, raw in enumerate(map(sent_by_epop, messages), 1)}

    def uidl(session, _):
        drop = session.server.maildrop
        return b"+OK\r\n" + b"".join(b"%d %s\r\n" % (n, ids[wire]) for n, wire in sorted(drop.items())) + b".\r\n"

    def retr(session, argument):
        drop = session.server.maildrop
        if drop[int(argument)] != sent_by_epop(messages[2]):
            return None
        gone = dict(enumerate([wire for _, wire in sorted(drop.items())][1:], 1))
        session.server.maildrop = gone if len(drop) == 4 else drop
        return closes(session)

    with MiniPop(messages, (b"UIDL", b"USER"), UIDL=uidl, RETR=retr) as server:
        fetch(server, tmp_path, "--delete", status=EX_TEMPFAIL)
        assert_same(got(tmp_path), without(messages, 3))
        assert list(server.maildrop.values()) == [sent_by_epop(messages[2])]


def same_id(session, _):
    return b"+OK\r\n" + b"".join(b"%d same\r\n" % n for n in sorted(session.server.maildrop)) + b".\r\n"


def test_duplicate_unique_ids(tmp_path, state):
    messages = small(4)
    with MiniPop(messages, UIDL=same_id, RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        assert_same(got(tmp_path), without(messages, 2))
        server.overrides = {"UIDL": same_id}
        fetch(server, tmp_path, "--state", state, "--delete")
        assert_same(got(tmp_path), without(messages, 2))
        assert list(server.maildrop) == [2]  # by its unique-id it is another one now, and new in the next run
        fetch(server, tmp_path, "--state", state, "--delete")
        assert_same(got(tmp_path), messages)
        assert server.maildrop == {}


def test_duplicate_unique_ids_without_a_state(tmp_path):
    """Nobody knows which of them was stored: none is deleted, none comes twice."""
    messages = small(3)
    with MiniPop(messages, UIDL=same_id, RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, "--delete", status=EX_TEMPFAIL)
        assert_same(got(tmp_path), messages[:1])
        assert len(server.maildrop) == 3


def test_server_without_unique_ids(tmp_path, state):
    """A digest of the header will do."""
    messages = small(4)
    with MiniPop(messages, UIDL=b"-ERR what\r\n", RETR=breaks_at(2)) as server:
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, "--delete", status=EX_TEMPFAIL)
        fetch(server, tmp_path, "--state", state, "--delete", status=EX_PROTOCOL)
        assert_same(got(tmp_path), without(messages, 2))
        assert list(server.maildrop) == [2]


@pytest.mark.parametrize("uidl", [b"-ERR what\r\n", b"+OK\r\n1 uid-1\r\n2 \r\n3 uid-3\r\n.\r\n"])
def test_nothing_to_tell_them_by(tmp_path, uidl):
    """Without a state and without unique-ids a new session would fetch all again, or delete what was not stored."""
    with MiniPop(small(3), UIDL=uidl, RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, "--delete", status=EX_TEMPFAIL)
        assert logins(server) == 1 and len(server.maildrop) == 3
        assert_same(got(tmp_path), small(1))


def test_header_that_breaks_the_session(tmp_path, remembered):
    """TOP before fetching."""
    messages = small(4)
    with MiniPop(messages, TOP=breaks_at(1)) as server:
        fetch(server, tmp_path, *remembered, "--headers-first", "subject", status=EX_TEMPFAIL)
        assert_same(got(tmp_path), messages[1:])


def test_message_without_end(tmp_path, remembered):
    """Over --max-size, and no end of it: what is dropped is bounded, and the others come."""

    def endless(session):
        piece = b"x" * 76 + b"\r\n"
        session.send(b"+OK\r\n")
        while True:
            session.send(piece * 10000)

    messages = small(3)
    with MiniPop(messages, RETR=breaks_at(1, how=endless)) as server:
        fetch(server, tmp_path, *remembered, "--max-size", 100000, status=EX_PROTOCOL)
        assert_same(got(tmp_path), messages[1:])


# What is said and done on this side


def test_json(tmp_path, remembered):
    """The last line of a message counts; one summary."""
    with MiniPop(small(3), RETR=breaks_at(2)) as server:
        done = fetch(server, tmp_path, *remembered, "--json", "--delete", status=EX_TEMPFAIL)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        results = {line["uid"]: (line["result"], line["marked"]) for line in lines[:-1]}
        assert results == {"uid-1": ("fetched", True), "uid-2": ("failed", False), "uid-3": ("fetched", True)}
        assert [line for line in lines if "summary" in line] == lines[-1:]
        expected = {"fetched": 2, "seen": 0, "skipped": 0, "failed": 1, "deleted": 2, "kept": 1, "deletions": "done"}
        assert {name: lines[-1][name] for name in expected} == expected


def test_json_of_a_session_of_its_own(tmp_path, state):
    with MiniPop(small(3), RETR=breaks_at(2)) as server:
        fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        server.overrides.clear()
        server.maildrop[4] = sent_by_epop(b"Subject: new\n\n")
        done = fetch(server, tmp_path, "--state", state, "--json", "--delete")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        results = {line["uid"]: line["result"] for line in lines[:-1]}
        assert results == {"uid-1": "seen", "uid-2": "fetched", "uid-3": "seen", "uid-4": "fetched"}
        expected = {"fetched": 2, "seen": 2, "skipped": 0, "failed": 0, "deleted": 4, "kept": 0, "deletions": "done"}
        assert {name: lines[-1][name] for name in expected} == expected
        assert server.maildrop == {}


def test_no_connection_for_the_new_session(tmp_path, remembered):
    """What was fetched is still told."""
    greetings = [b"+OK mini ready\r\n"]

    def greet(session, _):
        return greetings.pop() if greetings else b"-ERR [SYS/TEMP] not now\r\n"

    with MiniPop(small(3), RETR=breaks_at(2), GREETING=greet) as server:
        done = fetch(server, tmp_path, *remembered, status=EX_TEMPFAIL)
        assert b"fetched 1 (" in done.stderr
        assert_same(got(tmp_path), small(1))


def test_half_a_message_on_standard_output_is_the_last(tmp_path):
    with MiniPop(small(3), RETR=breaks_at(2, how=lambda session: closes(session) or b"+OK\r\n" + b"x" * 200000)) as server:
        done = popget("--stdout", port=server.port, status=EX_TEMPFAIL)
        assert logins(server) == 1 and done.stdout.count(b"Subject: ") == 1


@pytest.mark.parametrize("target", [["--exec", "cat >> got"], ["--mbox", "got"], ["--stdout"]])
def test_other_targets(tmp_path, remembered, target):
    with MiniPop(small(4), RETR=breaks_at(2)) as server:
        done = popget(*target, *remembered, port=server.port, status=EX_TEMPFAIL, cwd=tmp_path)
        text = done.stdout if target == ["--stdout"] else (tmp_path / "got").read_bytes()
        assert text.count(b"Message-ID: <small-") == 3


@pytest.mark.parametrize("write", [old_database, old_log])
def test_state_of_before(tmp_path, write):
    """It has no place for marks, and gets one."""
    state = tmp_path / "state"
    with MiniPop(small(3), RETR=breaks_at(2)) as server:
        write(state, "alice@127.0.0.1", ["uid-1"])
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)
        assert_same(got(tmp_path), small(3)[2:])


def test_marks_outlive_a_shorter_log(tmp_path):
    """A log that is written anew, because most of it is out of date."""
    state = tmp_path / "state"
    line = "E alice@127.0.0.1 uid-9 1 0 - -"
    with MiniPop(small(2), RETR=breaks_at(1)) as server:
        state.write_text(LOG_HEAD)
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, status=EX_TEMPFAIL)
        with open(state, "a") as log:
            log.write(f"{line} {xxh64(line.encode()):016x}\n" * 2000)
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)
        assert len(state.read_text().splitlines()) < 20
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)


def test_marks_move_with_the_account(tmp_path, state):
    """From a name of before, with its port."""
    with MiniPop(small(2), RETR=breaks_at(1)) as server:
        for _ in range(3):
            fetch(server, tmp_path, "--state", state, "--state-by-port", status=EX_TEMPFAIL)
        fetch(server, tmp_path, "--state", state, status=EX_PROTOCOL)
        assert_same(got(tmp_path), small(2)[1:])
