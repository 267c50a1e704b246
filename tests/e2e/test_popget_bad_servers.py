"""popget with servers that lie, stall, flood, forge and die: a named error, the right status, flat memory, no loss.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json
import re
import socket

import pytest

from mails import assert_same, sent_by_epop, small, stored, with_lf
from minipop import MiniPop, stuffed
from programs import EX_OK, EX_PROTOCOL, EX_REFUSED, EX_TEMPFAIL, EX_UNAVAILABLE, popget, popget_measured
from proxy import CuttingProxy

MEMORY = 16 * 1024  # KiB, for a session of any length
MEMORY_OF_ROWS = 96 * 1024  # KiB; popget remembers what is listed, up to a limit
CONTROLS = set(range(32)) - {9, 10} | {127}


ENOUGH = 512 << 20  # octets of an endless answer, by which a client must have seen that it does not end


def endless(octets):
    """An answer without end: the octets again and again, until the client hangs up."""

    def answer(session, _):
        session.send(b"+OK\r\n")
        for _ in range(ENOUGH // len(octets)):
            session.send(octets)
        raise AssertionError("the client takes an endless answer")

    return answer


def endless_rows(row):
    """A listing without end, whose numbers rise for ever."""

    def answer(session, argument):
        if argument:
            return None
        session.send(b"+OK\r\n")
        number = 1
        while True:
            session.send(b"".join(row % n + b"\r\n" for n in range(number, number + 10_000)))
            number += 10_000

    return answer


def once(octets, then=None):
    """The octets for the first call, the usual answer, or `then`, afterwards."""
    calls = []

    def answer(session, argument):
        calls.append(argument)
        return octets if len(calls) == 1 else then

    return answer


def say_and_hang_up(octets, reset=False):
    def answer(session, _):
        session.end(reset)
        return octets

    return answer


def named(done):
    """An error says who speaks and what it is, in one short line or a few, without control octets."""
    said = done.stderr
    assert said.startswith(b"popget: ") and len(said) < 4096, said[:4096]
    assert not set(said) & CONTROLS, "a control octet reached the terminal"
    return said


def nothing_lost(server, maildir):
    """What is not in the Maildir is still in the maildrop, and what is there is whole."""
    have = {with_lf(wire) for wire in server.maildrop.values()} | set(stored(maildir))
    want = {with_lf(sent_by_epop(raw)) for raw in small()}
    assert have == want


@pytest.mark.parametrize(
    "verb, answer",
    [
        ("LIST", endless_rows(b"%d 100")),
        ("LIST", endless(b"1 100\r\n" * 10_000)),
        ("LIST", endless(b"nonsense\r\n" * 10_000)),
        ("UIDL", endless_rows(b"%d id")),
        ("UIDL", endless(b"1 " + b"u" * 60_000 + b"\r\n")),
        ("CAPA", endless(b"X-MORE\r\n" * 10_000)),
    ],
    ids=["LIST", "LIST-1", "LIST-nonsense", "UIDL", "UIDL-long", "CAPA"],
)
def test_endless_listing(tmp_path, verb, answer):
    with MiniPop(small(), **{verb: answer}) as server:
        for what in (["--maildir", tmp_path / "in", "--delete"], ["--list"]):
            server.commands.clear()
            done, peak = popget_measured(tmp_path, *what, port=server.port, status=None)
            if verb.encode() in server.verbs():
                assert done.returncode == EX_PROTOCOL
                named(done)
            assert peak < MEMORY_OF_ROWS
        assert len(server.maildrop) == 5


def test_endless_message(tmp_path):
    """The listing said it was small, and --max-size is a promise to the user's disk."""
    with MiniPop(small(), RETR=endless(b"x" * 998 + b"\r\n")) as server:
        done, peak = popget_measured(
            tmp_path, "--maildir", tmp_path / "in", "--delete", "--max-size", 1_000_000, port=server.port, status=None
        )
        assert done.returncode in (EX_PROTOCOL, EX_TEMPFAIL)
        named(done)
        assert peak < MEMORY
        nothing_lost(server, tmp_path / "in")
        assert b"DELE" not in server.verbs()


@pytest.mark.parametrize("place", ["GREETING", "CAPA", "USER", "PASS", "LIST", "UIDL", "RETR", "DELE", "QUIT"])
@pytest.mark.parametrize(
    "octets",
    [
        b"+OK " + b"x" * (1 << 20) + b"\r\n",
        b"\0" * 70_000,
        b"\xff\xfe\x00\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"* BYE\r\n",
        b"\r\n",
        b"+ok lower case\r\n",
        b"+OK bare LF\n+OK\r\n",
        b"OK\r\n",
        b"-er\r\n",
        b"+OK\r\n+OK forged\r\n" * 40,
    ],
    ids=["1-MiB", "nul", "8-bit", "http", "imap", "empty", "lower", "bare-lf", "no-plus", "er", "forged"],
)
def test_bad_status_line(tmp_path, place, octets):
    """At every place of the dialogue: a broken protocol, told as such, and no message lost."""
    with MiniPop(small(), **{place: octets}) as server:
        done, peak = popget_measured(
            tmp_path, "--maildir", tmp_path / "in", "--delete", "--timeout", 2, port=server.port, status=None
        )
        if place.encode() in server.verbs() or place == "GREETING":
            # Nobody knows what an answer to QUIT means that is none, and a multi-line response may just not end.
            unclear = place == "QUIT" or octets.startswith(b"+OK\r\n") and place in ("CAPA", "LIST", "UIDL", "RETR")
            assert done.returncode in ((EX_PROTOCOL, EX_TEMPFAIL) if unclear else (EX_PROTOCOL,)), done.stderr
            named(done)
        assert peak < MEMORY
        nothing_lost(server, tmp_path / "in")
        assert place != "GREETING" or server.commands == [], "something was said to a server that cannot be trusted"


@pytest.mark.parametrize(
    "stat",
    [
        b"-ERR no\r\n",
        b"+OK\r\n",
        b"+OK 20437\r\n",
        b"+OK 3 messages\r\n",
        b"+OK 3 18446744073709551616\r\n",
        b"+OK 0 0\r\n",
    ],
)
def test_stat_of_no_use(tmp_path, stat):
    """Nothing depends on STAT but how much memory to take."""
    with MiniPop(small(3), STAT=stat) as server:
        popget("--maildir", tmp_path / "in", "--delete", port=server.port)
        assert_same(stored(tmp_path / "in"), small(3))
        assert server.maildrop == {}


def test_list_refused(tmp_path):
    """UIDL says as well what is there."""
    with MiniPop(small(3), LIST=b"-ERR no LIST\r\n") as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port)
        assert b'LIST was refused: "no LIST"' in done.stderr
        assert_same(stored(tmp_path / "in"), small(3))
        assert server.maildrop == {}


@pytest.mark.parametrize("code, status", [(b"", EX_PROTOCOL), (b"[SYS/TEMP] ", EX_TEMPFAIL)])
def test_no_listing_at_all(tmp_path, code, status):
    refusal = b"-ERR " + code + b"no\r\n"
    with MiniPop(small(3), LIST=refusal, UIDL=refusal) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=status)
        assert b"nothing was fetched" in done.stderr
        assert len(server.maildrop) == 3


@pytest.mark.parametrize("verb", ["USER", "LIST", "UIDL", "RETR", "DELE"])
def test_forged_reply(tmp_path, verb):
    """One line too many behind a reply: from there on nobody knows which reply belongs to which command.

    With commands in flight it is taken for the answer to the next of them, so what is stored may be nonsense; but then
    nothing is deleted.
    """

    def answer(session, argument):
        usual = session.usual(verb.encode(), argument)
        return usual + b"+OK forged\r\n"

    with MiniPop(small(), **{verb: answer}) as server:
        popget("--list", port=server.port, status=None)
        server.commands.clear()
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=None)
        if verb.encode() in server.verbs():
            assert done.returncode == EX_PROTOCOL
            named(done)
        here = set(stored(tmp_path / "in"))
        for number, raw in enumerate(small(), 1):
            assert number in server.maildrop or raw in here, "a message is lost"


def test_reply_forged_by_a_message(tmp_path):
    """Text in a mail that looks like an end and a reply, behind bare LF and bare CR, is text."""
    wire = b"Subject: x\r\n\r\na\n.\n+OK\n..\r.\r+OK\r\r\n.. \r\nb\r\n"
    body = b"+OK\r\nSubject: x\r\n\r\na\n.\n+OK\n..\r.\r+OK\r\r\n... \r\nb\r\n.\r\n"
    with MiniPop([b"x"], RETR=body) as server:
        popget("--maildir", tmp_path / "in", "--crlf", "--delete", port=server.port)
        assert stored(tmp_path / "in") == [wire] and server.maildrop == {}


@pytest.mark.parametrize(
    "size",
    [
        b"0",
        b"1",
        b"1000000",
        b"4294967296",
        b"18446744073709551615",
        b"18446744073709551616",
        b"-1",
        b"99999999999999999999999999",
        b"0x10",
        b"",
        b"many",
    ],
)
def test_lies_about_sizes(tmp_path, size):
    """A size is a hint: the message is what was sent."""

    def rows(session, argument):
        if argument:
            return b"+OK %s %s\r\n" % (argument, size)
        return b"+OK\r\n" + b"".join(b"%d %s\r\n" % (n, size) for n in sorted(session.server.maildrop)) + b".\r\n"

    with MiniPop(small(), LIST=rows, STAT=b"+OK 5 " + size + b"\r\n") as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=None)
        assert done.returncode in (EX_OK, EX_PROTOCOL)
        nothing_lost(server, tmp_path / "in")
        if size.isdigit() and int(size) < 1 << 64:
            assert done.returncode == EX_OK
            assert_same(stored(tmp_path / "in"), small())


@pytest.mark.parametrize(
    "said", [b"+OK 1 octets\r\n", b"+OK 18446744073709551616 octets\r\n", b"+OK\r\n", b"+OK -5\r\n"]
)
def test_lies_in_the_reply_to_retr(tmp_path, said):
    def answer(session, argument):
        return said + stuffed(session.server.maildrop[int(argument)])

    with MiniPop(small(), RETR=answer) as server:
        popget("--maildir", tmp_path / "in", port=server.port)
        assert_same(stored(tmp_path / "in"), small())


@pytest.mark.parametrize(
    "rows",
    [
        [b"1 60", b"1 60", b"1 60", b"2 60"],
        [b"5 60", b"3 60", b"1 60"],
        [b"0 60"],
        [b"4294967295 60"],
        [b"4294967296 60"],
        [b"-1 60"],
        [b"1"],
        [b""],
        [b"+OK 1 60"],
        [b"1 60"] * 2000,
    ],
)
def test_strange_listings(tmp_path, rows):
    """Twice, out of order, out of range, cut: never a crash, never a loss."""
    listing = b"+OK\r\n" + b"".join(row + b"\r\n" for row in rows) + b".\r\n"
    with MiniPop(small(), LIST=listing) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=None)
        assert done.returncode in (EX_OK, EX_PROTOCOL), done.stderr
        nothing_lost(server, tmp_path / "in")


@pytest.mark.parametrize("verb", ["CAPA", "USER", "PASS", "LIST", "UIDL", "RETR", "DELE"])
@pytest.mark.parametrize("said", [b"", b"+", b"+OK", b"+OK\r", b"+OK\r\nSubject: cut\r\n", b"+OK\r\n1 100\r\n.\r"])
def test_end_in_the_middle(tmp_path, verb, said):
    with MiniPop(small(), **{verb: say_and_hang_up(said, reset=len(said) % 2 == 1)}) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=None)
        if verb.encode() in server.verbs():
            # Whole lines of it may be taken for the protocol, and found broken.
            assert (
                done.returncode == EX_TEMPFAIL
                if said.count(b"\r\n") == 0
                else done.returncode in (EX_TEMPFAIL, EX_PROTOCOL)
            )
            named(done)
        nothing_lost(server, tmp_path / "in")
        assert len(server.maildrop) == 5


@pytest.mark.parametrize("reset", [False, True])
def test_quit_without_an_answer(tmp_path, reset):
    """Nobody knows whether the server has deleted; the messages are safe here, and the user is told."""
    with MiniPop(small(), QUIT=say_and_hang_up(b"", reset)) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=EX_TEMPFAIL)
        named(done)
        assert_same(stored(tmp_path / "in"), small())


def test_quit_is_refused(tmp_path):
    """RFC 1939 section 6: "-ERR some deleted messages not removed"."""
    with MiniPop(small(), QUIT=b"-ERR some deleted messages not removed\r\n") as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=None)
        assert done.returncode != EX_OK
        named(done)
        assert_same(stored(tmp_path / "in"), small())


def test_one_message_is_refused(tmp_path):
    with MiniPop(small(), RETR=once(b"-ERR gone\r\n")) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=EX_PROTOCOL)
        named(done)
        assert len(stored(tmp_path / "in")) == 4 and len(server.maildrop) == 1
        nothing_lost(server, tmp_path / "in")


def test_one_deletion_is_refused(tmp_path):
    with MiniPop(small(), DELE=once(b"-ERR locked\r\n")) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port, status=None)
        assert done.returncode != EX_OK
        named(done)
        assert_same(stored(tmp_path / "in"), small())
        assert len(server.maildrop) == 1


@pytest.mark.parametrize(
    "place, said, status",
    [
        ("PASS", b"-ERR [AUTH] no\r\n", EX_REFUSED),
        ("USER", b"-ERR [AUTH] no\r\n", EX_REFUSED),
        ("PASS", b"-ERR no\r\n", EX_REFUSED),
        ("PASS", b"-ERR [IN-USE] locked\r\n", EX_TEMPFAIL),
        ("PASS", b"-ERR [SYS/TEMP] later\r\n", EX_TEMPFAIL),
        ("PASS", b"-ERR [LOGIN-DELAY] wait\r\n", EX_TEMPFAIL),
        ("GREETING", b"-ERR [SYS/TEMP] full\r\n", EX_TEMPFAIL),
        ("GREETING", b"-ERR go away\r\n", EX_UNAVAILABLE),
    ],
)
def test_refusals(tmp_path, place, said, status):
    """Response codes tell what may go well later (RFC 2449 section 8, RFC 3206)."""
    with MiniPop(small(), **{place: said}) as server:
        named(popget("--maildir", tmp_path / "in", port=server.port, status=status))


@pytest.mark.parametrize("place", ["GREETING", "CAPA", "PASS", "LIST", "RETR", "DELE", "QUIT"])
def test_silent_server(tmp_path, place):
    with MiniPop(small(), **{place: b""}) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", "--timeout", 1, port=server.port, status=EX_TEMPFAIL)
        named(done)
        nothing_lost(server, tmp_path / "in")


def test_old_server(tmp_path):
    """One that has neither CAPA nor UIDL nor pipelining gets one command at a time."""
    with MiniPop(small(), capabilities=(), CAPA=b"-ERR what\r\n", UIDL=b"-ERR what\r\n") as server:
        popget("--maildir", tmp_path / "in", "--delete", "--pipeline", 16, port=server.port)
        assert_same(stored(tmp_path / "in"), small())
        assert server.maildrop == {} and not server.pipelined


def test_pipelining_is_used_where_announced(tmp_path):
    """And QUIT waits for the answers, as RFC 2449 section 6.6 leaves it to the client to be sure of them."""
    messages = small(50)
    with MiniPop(messages) as server:
        popget("--maildir", tmp_path / "in", "--pipeline", 16, port=server.port)
        assert server.pipelined
        assert_same(stored(tmp_path / "in"), messages)


def test_no_password_without_tls(tmp_path):
    with MiniPop(small()) as server:
        done = popget("--maildir", tmp_path / "in", port=server.port, options=(), status=EX_REFUSED)
        assert b"--allow-cleartext" in named(done)
        assert not {b"USER", b"PASS", b"APOP", b"AUTH"} & set(server.verbs())


@pytest.mark.parametrize(
    "place, said",
    [
        ("GREETING", b"-ERR \x1b[2Jred\x07\x9b31m\r\n"),
        ("PASS", b"-ERR \x1b]0;title\x07\x7f\r\n"),
        ("LIST", b"-ERR \x1b[2J\x00\r\n"),
        ("RETR", b"-ERR \x1b[2J\xe2\x80\xae\r\n"),
        ("QUIT", b"-ERR \x1b[2J\r\n"),
        ("UIDL", b"+OK\r\n" + b"".join(b"%d \x1b[31mid%d\x07\r\n" % (n, n) for n in range(1, 6)) + b".\r\n"),
    ],
)
def test_escapes_do_not_reach_the_terminal(tmp_path, place, said):
    with MiniPop(small(), **{place: said}) as server:
        for what in (["--list"], ["--list", "--json"], ["--maildir", tmp_path / "in"]):
            done = popget(*what, "--trace", tmp_path / "trace", port=server.port, status=None)
            for text in (done.stdout, done.stderr, (tmp_path / "trace").read_bytes()):
                assert not set(text) & CONTROLS
                assert b"\x9b" not in text.replace(b"\xc2\x9b", b"") and "\u202e".encode() not in text
            if "--json" in what:
                assert all(isinstance(json.loads(line), dict) for line in done.stdout.splitlines())


def test_escapes_in_headers(tmp_path):
    """What a sender has written is shown by --list, and must do no more than be read."""
    raw = (
        b"From: \x1b[31mA\x07 <a@b>\n"
        b"Subject: \x1b]0;owned\x07 \xe2\x80\xae gpj\x08\x08 =?utf-8?Q?=1B[2J?=\n"
        b"Date: \x9b1m\n\nx\n"
    )
    with MiniPop([raw]) as server:
        for what in (["--list"], ["--list", "--json"]):
            done = popget(*what, port=server.port)
            assert not set(done.stdout + done.stderr) & CONTROLS
            assert b"\x9b" not in done.stdout and "\u202e".encode() not in done.stdout
            assert "--json" not in what or json.loads(done.stdout)


def test_trace_is_complete_and_has_no_secret(tmp_path):
    with MiniPop(small()) as server:
        popget("--maildir", tmp_path / "in", "--delete", "--trace", tmp_path / "trace", port=server.port)
    trace = (tmp_path / "trace").read_bytes()
    for verb in (b"USER", b"PASS", b"RETR 1", b"DELE 5", b"QUIT", b"mini ready"):
        assert re.search(re.escape(verb), trace), verb
    assert b"s3cr3t" not in trace and b"hello" not in trace, "passwords and messages have no place in a trace"


def test_no_connection(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        named(popget("--list", port=taken.getsockname()[1], status=EX_UNAVAILABLE))


def test_unknown_host():
    named(popget("--list", host="no-such-host.invalid", port=110, status=EX_UNAVAILABLE))


def test_cut_at_every_octet(tmp_path):
    """A short session, cut behind every octet that the server sends, each time with --delete. Cut within a message, the run
    goes on in another session, which may delete the other message."""
    messages = small(2)
    want = set(messages)
    with MiniPop(messages) as server:
        with CuttingProxy(server.port) as whole:
            popget("--maildir", tmp_path / "whole", port=whole.port)
        for cut in range(0, whole.relayed, 1):
            maildir = tmp_path / f"cut{cut}"
            with CuttingProxy(server.port, cut=cut, reset=cut % 2 == 1) as proxy:
                done = popget("--maildir", maildir, "--delete", port=proxy.port, status=None)
            assert done.returncode == EX_TEMPFAIL, f"cut at {cut}: {done.returncode} {done.stderr}"
            here = set(stored(maildir))
            assert here <= want
            assert (
                here | {with_lf(wire) for wire in server.maildrop.values()} == want
            ), f"a message is lost, cut at {cut}"
            assert len(server.maildrop) >= 1 or here == want
            server.maildrop = {number: sent_by_epop(raw) for number, raw in enumerate(messages, 1)}
