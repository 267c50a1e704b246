"""popget --state: what was fetched is not fetched again, what is new is; policies of deletion; files that are no state.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import ctypes
import ctypes.util
import json
import sqlite3
import subprocess

import pytest

from deadline import until
from mails import assert_same, sent_by_epop, small, stored
from minipop import MiniPop
from programs import (
    EX_IOERR,
    EX_PROTOCOL,
    EX_TEMPFAIL,
    EX_USAGE,
    popget,
    popget_command,
    popget_environment,
)
from proxy import CuttingProxy

LOG_HEAD = "popget state log 1\n"
DAY = 86400


@pytest.fixture(params=["sqlite", "log"])
def state(request, tmp_path):
    """A state file of each kind."""
    path = tmp_path / "state"
    if request.param == "log":
        path.write_text(LOG_HEAD)
    return path


def fetch(server, tmp_path, state, *options, **where):
    return popget("--maildir", tmp_path / "in", "--state", state, *options, port=server.port, **where)


def rows(done):
    """What --json has said: of each message, and of the run."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def append(server, raw):
    server.maildrop[max(server.maildrop, default=0) + 1] = sent_by_epop(raw)


def age(state, days, table="seen", column="first_seen"):
    """What the state has of this kind (a log: everything) is so many days older than it says."""
    if state.read_bytes()[:6] == b"SQLite":
        with sqlite3.connect(state) as database:
            database.execute(f"UPDATE {table} SET {column} = {column} - ?", (days * DAY,))
        database.close()
    else:
        head, *lines = state.read_text().splitlines()
        state.write_text("\n".join([head, *(aged_line(line, days * DAY) for line in lines), ""]))


def aged_line(line, seconds):
    fields = line.split(" ")[:-1]
    fields[4] = str(max(int(fields[4]) - seconds, 0))
    text = " ".join(fields)
    return f"{text} {xxh64(text.encode()):016x}"


def xxh64(octets):
    library = ctypes.CDLL(ctypes.util.find_library("xxhash") or pytest.skip("no libxxhash to be loaded"))
    library.XXH64.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    library.XXH64.restype = ctypes.c_uint64
    return library.XXH64(octets, len(octets), 0)


def test_each_message_once(tmp_path, state):
    messages = small(9)
    with MiniPop(messages[:5]) as server:
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), messages[:5])
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), messages[:5])
        assert server.verbs().count(b"RETR") == 5
        for raw in messages[5:]:
            append(server, raw)
        fetch(server, tmp_path, state, "--new")
        assert_same(stored(tmp_path / "in"), messages)
        fetch(server, tmp_path, state, "--all")
        assert_same(stored(tmp_path / "in"), messages + messages)
        assert len(server.maildrop) == 9 and b"DELE" not in server.verbs()


def test_accounts_do_not_mix(tmp_path, state):
    """Another user, and with --state-by-port another port, may have the same unique-ids."""
    with MiniPop(small()) as one, MiniPop(small()) as other:
        fetch(one, tmp_path, state, "--state-by-port")
        fetch(other, tmp_path, state, "--state-by-port")
        assert len(stored(tmp_path / "in")) == 10
        fetch(one, tmp_path, state, "--state-by-port", user="bob")
        assert len(stored(tmp_path / "in")) == 15
        fetch(one, tmp_path, state, "--state-by-port")
        assert len(stored(tmp_path / "in")) == 15


def test_one_server_by_any_name(tmp_path, state):
    """Letter case and a final dot of the host do not matter, nor does the port."""
    messages = small(3)
    with MiniPop(messages) as server, MiniPop(messages) as moved:
        for host in ("localhost", "LOCALHOST", "LocalHost."):
            fetch(server, tmp_path, state, "--tls", "never", host=host)
        fetch(moved, tmp_path, state, "--tls", "never", host="localhost")
        assert_same(stored(tmp_path / "in"), messages)


def old_database(path, account, ids):
    """As popget made them before accounts lost their ports: the schema is of its first release."""
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
            "CREATE TABLE seen(account INTEGER NOT NULL REFERENCES account, id BLOB NOT NULL, copy INTEGER NOT NULL,"
            " first_seen INTEGER NOT NULL, PRIMARY KEY (account, id, copy)) WITHOUT ROWID;"
            "CREATE TABLE intent(account INTEGER NOT NULL REFERENCES account, id BLOB NOT NULL, copy INTEGER NOT NULL,"
            " time INTEGER NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (account, id, copy))"
            " WITHOUT ROWID;"
            "PRAGMA application_id = 1701867376; PRAGMA user_version = 1;"
        )
        number = database.execute("INSERT INTO account(name) VALUES (?)", (account,)).lastrowid
        for name in ids:
            database.execute("INSERT INTO seen VALUES (?, ?, 1, 1700000000)", (number, name.encode()))
    database.close()


def old_log(path, account, ids):
    lines = [f"S {account} {name} 1 1700000000 - -" for name in ids]
    path.write_text(LOG_HEAD + "".join(f"{line} {xxh64(line.encode()):016x}\n" for line in lines))


@pytest.mark.parametrize("write", [old_database, old_log])
@pytest.mark.parametrize("old, known", [("LOCALHOST:110", 2), ("localhost:995", 2), ("localhost:PORT", 2)])
@pytest.mark.parametrize("by_port", [False, True])
def test_state_of_an_older_popget(tmp_path, write, old, known, by_port):
    """It is taken over: with the port in use, or one of the two that POP3 has."""
    with MiniPop(small(3)) as server:
        write(tmp_path / "state", "alice@" + old.replace("PORT", str(server.port)), ["uid-1", "uid-2"])
        options = ["--tls", "never", *(["--state-by-port"] if by_port else [])]
        for _ in range(2):
            fetch(server, tmp_path, tmp_path / "state", *options, host="localhost")
        expected = small(3)[2:] if not by_port or "PORT" in old else small(3)
        assert_same(stored(tmp_path / "in"), expected)


@pytest.mark.parametrize("write", [old_database, old_log])
@pytest.mark.parametrize("other", ["localhost:2110", "example.org:110", "localhost.example:110"])
def test_state_of_another_account(tmp_path, write, other):
    with MiniPop(small(3)) as server:
        write(tmp_path / "state", f"alice@{other}", ["uid-1", "uid-2"])
        fetch(server, tmp_path, tmp_path / "state", "--tls", "never", host="localhost")
        assert_same(stored(tmp_path / "in"), small(3))


def test_server_that_keeps_what_it_deleted(tmp_path, state):
    """+OK to DELE and QUIT, and all is still there: named, and not fetched again."""
    with MiniPop(small(3), DELE=b"+OK\r\n") as server:
        fetch(server, tmp_path, state, "--delete")
        for _ in range(2):
            done = fetch(server, tmp_path, state, "--delete", status=EX_PROTOCOL)
            assert b"message 2: the server has said that it deleted it" in done.stderr
        assert_same(stored(tmp_path / "in"), small(3))
        assert server.verbs().count(b"DELE") == 3  # it may be another message under an old unique-id: not unseen
        server.overrides.clear()
        fetch(server, tmp_path, state, "--all", "--delete", status=EX_PROTOCOL)
        assert server.maildrop == {} and len(stored(tmp_path / "in")) == 6


def test_listing_that_shrinks_once(tmp_path, state):
    """Three, one, three: what is gone for a while is still known."""
    with MiniPop(small(3)) as server:
        fetch(server, tmp_path, state)
        whole = dict(server.maildrop)
        del server.maildrop[2], server.maildrop[3]
        fetch(server, tmp_path, state)
        server.maildrop = whole
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), small(3))


def since(state, days):
    """What is not listed has not been for so many days more."""
    age(state, days, "gone", "since")


@pytest.mark.parametrize("days, copies", [(29, 3), (31, 4)])
def test_what_is_gone_is_kept_for_30_days(tmp_path, state, days, copies):
    with MiniPop(small(3)) as server:
        fetch(server, tmp_path, state)
        last = server.maildrop.pop(3)
        fetch(server, tmp_path, state)
        since(state, days)
        fetch(server, tmp_path, state)
        server.maildrop[3] = last
        fetch(server, tmp_path, state)
        assert len(stored(tmp_path / "in")) == copies


def test_gone_and_back_and_gone(tmp_path, state):
    """The 30 days begin anew."""
    with MiniPop(small(3)) as server:
        whole = dict(server.maildrop)
        fewer = {number: whole[number] for number in (1, 2)}
        fetch(server, tmp_path, state)
        for listed in (fewer, whole, fewer):
            server.maildrop = dict(listed)
            fetch(server, tmp_path, state)
            if listed is fewer:
                since(state, 20)
        server.maildrop = dict(fewer)
        fetch(server, tmp_path, state)
        server.maildrop = whole
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), small(3))


def test_clock_that_was_not_set(tmp_path, state):
    """First seen in 1970: the days of --delete-after begin when the clock is right."""
    with MiniPop(small(2)) as server:
        fetch(server, tmp_path, state)
        age(state, 21000)
        fetch(server, tmp_path, state, "--delete-after", 7)
        assert len(server.maildrop) == 2
        age(state, 8)
        fetch(server, tmp_path, state, "--delete-after", 7)
        assert server.maildrop == {} and len(stored(tmp_path / "in")) == 2


@pytest.mark.parametrize("target", ["--maildir", "--mbox"])
def test_cut_anywhere(tmp_path, state, target):
    """What came whole before the cut does not come again."""
    messages = small(6)
    with MiniPop(messages) as server:
        with CuttingProxy(server.port) as whole:
            popget("--maildir", tmp_path / "whole", port=whole.port)
        for cut in range(0, whole.relayed, 37):
            folder = tmp_path / f"cut{cut}"
            folder.mkdir()
            (folder / "state").write_bytes(state.read_bytes() if state.exists() else b"")
            options = (target, folder / "in", "--state", folder / "state")
            with CuttingProxy(server.port, cut=cut, reset=cut % 2 == 1) as proxy:
                popget(*options, port=proxy.port, status=EX_TEMPFAIL)
                popget(*options, port=proxy.port)
            if target == "--maildir":
                assert_same(stored(folder / "in"), messages)
            else:
                assert (folder / "in").read_bytes().count(b"\nMessage-ID: <small-") == len(messages)


def test_twins(tmp_path, state):
    """One unique-id for different messages: each comes, and each once."""

    def same(session, argument):
        return b"+OK\r\n" + b"".join(b"%d same\r\n" % n for n in sorted(session.server.maildrop)) + b".\r\n"

    messages = small(4)
    with MiniPop(messages[:3], UIDL=same) as server:
        fetch(server, tmp_path, state)
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), messages[:3])
        append(server, messages[3])
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), messages)


def test_twin_that_is_left(tmp_path, state):
    """Of twins one is fetched and deleted, the other refused: it must still count as new when it stands alone."""

    def same(session, argument):
        return b"+OK\r\n" + b"".join(b"%d same\r\n" % n for n in sorted(session.server.maildrop)) + b".\r\n"

    refusals = [b"-ERR locked\r\n"]

    def refuse_once(session, argument):
        return refusals.pop() if argument == b"2" and refusals else None

    with MiniPop(small(2), UIDL=same, RETR=refuse_once) as server:
        fetch(server, tmp_path, state, "--delete", status=EX_PROTOCOL)
        server.maildrop = {1: server.maildrop.pop(2)}
        fetch(server, tmp_path, state, "--delete")
        assert_same(stored(tmp_path / "in"), small(2))
        assert server.maildrop == {}


def test_twin_that_was_never_stored(tmp_path, state):
    """Of twins the known one is fetched again and deleted, the other refused: it must not pass for the known one."""

    def same(session, argument):
        return b"+OK\r\n" + b"".join(b"%d same\r\n" % n for n in sorted(session.server.maildrop)) + b".\r\n"

    def refuse(session, argument):
        return b"-ERR locked\r\n" if argument == b"2" else None

    with MiniPop(small(1), UIDL=same, RETR=refuse) as server:
        fetch(server, tmp_path, state)
        append(server, small(2)[1])
        fetch(server, tmp_path, state, "--all", "--delete", status=EX_PROTOCOL)
        server.maildrop = {1: server.maildrop.pop(2)}
        fetch(server, tmp_path, state, "--delete")
        assert_same(stored(tmp_path / "in"), [small(1)[0], *small(2)])
        assert server.maildrop == {}


def test_twin_that_was_not_chosen(tmp_path, state):
    """All twins are stored, and one is deleted by --messages: the other is still known."""

    def same(session, argument):
        return b"+OK\r\n" + b"".join(b"%d same\r\n" % n for n in sorted(session.server.maildrop)) + b".\r\n"

    with MiniPop(small(2), UIDL=same) as server:
        fetch(server, tmp_path, state)
        fetch(server, tmp_path, state, "--messages", "1", "--delete")
        server.maildrop = {1: server.maildrop.pop(2)}
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), small(2))


def test_unique_id_that_comes_back(tmp_path, state):
    """A unique-id that a listing was without, after its message was deleted, is new when it comes again."""
    with MiniPop(small(1)) as server:
        fetch(server, tmp_path, state, "--delete")
        fetch(server, tmp_path, state)
        append(server, b"Subject: another\n\nwith the old unique-id\n")
        fetch(server, tmp_path, state, "--delete")
        assert len(stored(tmp_path / "in")) == 2 and server.maildrop == {}


def test_listing_without_some_unique_ids(tmp_path, state):
    """For once the server leaves some out. What they stand for is not forgotten."""
    with MiniPop(small(3)) as server:
        fetch(server, tmp_path, state)
        server.overrides["UIDL"] = b"+OK\r\n1 uid-1\r\n.\r\n"
        fetch(server, tmp_path, state, status=EX_TEMPFAIL)
        before = len(stored(tmp_path / "in"))
        del server.overrides["UIDL"]
        fetch(server, tmp_path, state)
        assert len(stored(tmp_path / "in")) == before


def test_a_unique_id_that_comes_later(tmp_path, state):
    """A message that UIDL leaves out at first waits, so that it is not known by two names and comes twice."""
    with MiniPop(small(3)) as server:
        server.overrides["UIDL"] = b"+OK\r\n1 uid-1\r\n3 uid-3\r\n.\r\n"
        done = fetch(server, tmp_path, state, status=EX_TEMPFAIL)
        assert b"message 2: UIDL leaves it out" in done.stderr
        assert b"TOP" not in server.verbs()
        server.overrides["UIDL"] = b"+OK\r\n1 uid-1\r\n2 uid-2\r\n3 uid-3\r\n.\r\n"
        fetch(server, tmp_path, state)
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), small(3))


def test_numbers_with_gaps(tmp_path, state):
    """Numbers that are higher than STAT says how many messages there are."""
    with MiniPop(small(9)) as server:
        for number in (1, 2, 4, 8):
            del server.maildrop[number]
        fetch(server, tmp_path, state, "--delete")
        assert_same(stored(tmp_path / "in"), [small(9)[n - 1] for n in (3, 5, 6, 7, 9)])
        assert server.maildrop == {}


def test_delete_after_days(tmp_path, state):
    with MiniPop(small(2)) as server:
        fetch(server, tmp_path, state, "--delete-after", 7)
        assert len(server.maildrop) == 2
        age(state, 8)
        append(server, small(3)[2])
        fetch(server, tmp_path, state, "--delete-after", 7)
        assert list(server.maildrop) == [3]
        assert_same(stored(tmp_path / "in"), small(3))


def test_keep_newest(tmp_path, state):
    with MiniPop(small(5)) as server:
        fetch(server, tmp_path, state, "--keep-newest", 2)
        assert list(server.maildrop) == [4, 5]
        assert_same(stored(tmp_path / "in"), small(5))


def test_order_and_number(tmp_path, state):
    with MiniPop(small(5)) as server:
        fetch(server, tmp_path, state, "--newest-first", "--max-messages", 2)
        assert [command for command in server.commands if command.startswith(b"RETR")] == [b"RETR 5", b"RETR 4"]
        fetch(server, tmp_path, state, "--max-messages", 2)
        assert_same(stored(tmp_path / "in"), [small(5)[n] for n in (0, 1, 3, 4)])


@pytest.mark.parametrize(
    "pattern, wanted",
    [
        ("^subject: [23]$", [2, 3]),
        ("!^subject: [23]$", [1, 4]),
        ("small-4@", [4]),
        ("folded over", [4]),
        ("hello", []),
    ],
)
def test_headers_first(tmp_path, state, pattern, wanted):
    """Only those whose header matches are fetched, and the others stay."""
    messages = small(3) + [b"Subject: 4\nMessage-ID: <small-4@example.org>\nX-Long: folded\n\tover lines\n\nbody\n"]
    with MiniPop(messages) as server:
        fetch(server, tmp_path, state, "--headers-first", pattern, "--delete")
        assert_same(stored(tmp_path / "in"), [messages[n - 1] for n in wanted])
        assert set(server.maildrop) == {1, 2, 3, 4} - set(wanted)


def test_headers_first_without_top(tmp_path, state):
    """Nothing is left out where nobody knows what it is."""
    with MiniPop(small(2), TOP=b"-ERR what\r\n") as server:
        fetch(server, tmp_path, state, "--headers-first", "nobody")
        assert_same(stored(tmp_path / "in"), small(2))


def test_server_without_unique_ids(tmp_path, state):
    """The header says which message it is; identical ones are told apart by their number."""
    messages = small(3) + small(1)
    with MiniPop(messages, UIDL=b"-ERR what\r\n") as server:
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), messages)
        append(server, small(4)[3])
        fetch(server, tmp_path, state, "--delete")
        assert_same(stored(tmp_path / "in"), messages + [small(4)[3]])
        assert server.maildrop == {}


def test_server_without_any_identity(tmp_path, state):
    with MiniPop(small(2), UIDL=b"-ERR what\r\n", TOP=b"-ERR what\r\n") as server:
        done = fetch(server, tmp_path, state, status=EX_PROTOCOL)
        assert b"unique-id" in done.stderr and stored(tmp_path / "in") == []


def test_json(tmp_path, state):
    refuse = {"RETR": lambda session, argument: b"-ERR gone\r\n" if argument == b"2" else None}
    with MiniPop(small(4), **refuse) as server:
        fetch(server, tmp_path, state, "--max-messages", 1)
        done = fetch(server, tmp_path, state, "--json", "--delete", "--messages", "1-3", status=EX_PROTOCOL)
        messages, summary = rows(done)
        assert [(row["number"], row["result"], row["marked"]) for row in messages] == [
            (1, "seen", True),
            (2, "failed", False),
            (3, "fetched", True),
            (4, "skipped", False),
        ]
        assert messages[0]["uid"] == "uid-1" and messages[1]["error"] == "EPOP_ERR_SYNC_REFUSED"
        assert {key: summary[key] for key in ("fetched", "seen", "failed", "skipped", "deleted", "kept")} == {
            "fetched": 1,
            "seen": 1,
            "failed": 1,
            "skipped": 1,
            "deleted": 2,
            "kept": 2,
        }
        assert summary["summary"] is True and summary["deletions"] == "done" and summary["status"] == EX_PROTOCOL


def test_summary_line(tmp_path):
    with MiniPop(small(2)) as server:
        done = popget("--maildir", tmp_path / "in", "--delete", port=server.port)
        assert b"fetched 2" in done.stderr and b"deleted 2, kept 0" in done.stderr
        done = popget("--maildir", tmp_path / "in", "--quiet", port=server.port)
        assert done.stderr == b""


@pytest.mark.parametrize(
    "content",
    [
        b"somebody's notes\n",
        b"\0" * 4096,
        b"popget state log 2\nwhatever a later popget writes\n",
        b"popget state log 1\nS alice@x:1 uid 1 1700000000 - - 0000000000000000\nS more\n",
        b"popget state log 1\nnonsense\n",
        b"SQLite format 3\0" + b"\xff" * 4080,
    ],
    ids=["text", "nul", "newer-log", "wrong-checksum", "nonsense", "damaged-database"],
)
def test_files_that_are_no_state(tmp_path, content):
    """Told by name, before anybody is logged in; and never written to."""
    state = tmp_path / "state"
    state.write_bytes(content)
    with MiniPop(small()) as server:
        done = fetch(server, tmp_path, state, status=EX_IOERR)
        assert done.stderr.startswith(b"popget: state ") and server.commands == []
    assert state.read_bytes() == content


@pytest.mark.parametrize(
    "script",
    ["PRAGMA user_version = 2", "PRAGMA application_id = 7", "DROP TABLE seen"],
    ids=["newer", "other-program", "no-table"],
)
def test_databases_that_are_no_state(tmp_path, script):
    state = tmp_path / "state"
    with MiniPop(small()) as server:
        fetch(server, tmp_path, state)
        with sqlite3.connect(state) as database:
            database.execute(script)
            database.execute("PRAGMA journal_mode = DELETE")
        database.close()
        content = state.read_bytes()
        server.commands.clear()
        done = fetch(server, tmp_path, state, status=EX_IOERR)
        assert done.stderr.startswith(b"popget: state ") and server.commands == []
        assert script.startswith("DROP") or state.read_bytes() == content


def test_state_that_can_not_be(tmp_path):
    (tmp_path / "folder").mkdir()
    with MiniPop(small()) as server:
        for name in ("folder", "none/state"):
            fetch(server, tmp_path, tmp_path / name, status=EX_IOERR)
        assert server.commands == []


@pytest.mark.parametrize("torn", [b"S", b"S alice@127.0.0.1:1 uid", b"\0\0\0\0"])
def test_torn_line(tmp_path, torn):
    """What a crash has left of a line is cut off, and the log goes on behind it."""
    state = tmp_path / "state"
    state.write_text(LOG_HEAD)
    with MiniPop(small(2)) as server:
        fetch(server, tmp_path, state)
        state.write_bytes(state.read_bytes() + torn)
        append(server, small(3)[2])
        fetch(server, tmp_path, state)
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), small(3))
    for cut in range(len(LOG_HEAD)):
        state.write_text(LOG_HEAD[:cut] if cut else "popget")
        with MiniPop(small(1)) as server:
            fetch(server, tmp_path, state, "--all")


def test_log_is_shortened(tmp_path):
    """It does not grow for ever with what comes and goes."""
    state = tmp_path / "state"
    state.write_text(LOG_HEAD)
    sizes = []
    with MiniPop() as server:
        for _ in range(8):
            server.maildrop = {n: sent_by_epop(b"Subject: %d\n\n" % n) for n in range(1, 201)}
            fetch(server, tmp_path, state, "--delete")
            assert server.maildrop == {}
            fetch(server, tmp_path, state)
            sizes.append(state.stat().st_size)
        server.maildrop = {1: sent_by_epop(b"Subject: kept\n\n")}
        fetch(server, tmp_path, state)
        fetch(server, tmp_path, state)
    assert max(sizes) < 3 * sizes[0], f"never shortened: {sizes}"
    assert len(stored(tmp_path / "in")) == 8 * 200 + 1


def test_state_in_use(tmp_path, state):
    """Two at a time would deliver twice: the second one is sent away, and can come again."""
    with MiniPop(small(), RETR=b"") as silent, MiniPop(small()) as server:
        first = subprocess.Popen(
            popget_command("--maildir", tmp_path / "in", "--state", state, port=silent.port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=popget_environment(),
        )
        try:
            until(lambda: b"RETR" in silent.verbs(), "the first one is at work")
            done = fetch(server, tmp_path, state, status=EX_TEMPFAIL)
            assert b"another popget" in done.stderr and server.commands == []
        finally:
            first.kill()
            first.wait()
        fetch(server, tmp_path, state)
        assert_same(stored(tmp_path / "in"), small())


@pytest.mark.parametrize(
    "options",
    [
        ["--new"],
        ["--delete-after", "3"],
        ["--state", "s", "--new", "--all"],
        ["--state", "s", "--delete", "--delete-after", "3"],
        ["--state", "s", "--delete", "--keep-newest", "3"],
        ["--state", "s", "--keep", "--keep-newest", "3"],
        ["--state", "s", "--headers-first", "("],
        ["--state", "s", "--headers-first", "!"],
        ["--state", ""],
        ["--max-messages", "0"],
        ["--delete-after", "soon"],
        ["--watch", "0"],
    ],
)
def test_wrong_usage(tmp_path, options):
    popget("--maildir", "in", *options, port=1, status=EX_USAGE, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_exec_and_state(tmp_path, state):
    """A command that fails is asked again in the next run; one that took the message is not."""
    script = f"echo $POPGET_UID >>{tmp_path}/took; test -e {tmp_path}/fine || test $POPGET_UID != uid-2"
    with MiniPop(small(3)) as server:
        popget("--exec", script, "--state", state, port=server.port, status=EX_IOERR)
        (tmp_path / "fine").touch()
        popget("--exec", script, "--state", state, port=server.port)
        popget("--exec", script, "--state", state, port=server.port)
    assert (tmp_path / "took").read_text().split() == ["uid-1", "uid-2", "uid-3", "uid-2"]


def test_message_that_comes_empty(tmp_path, state):
    """The server has lost it for the moment, and says +OK: that is nothing to delete it for."""
    with MiniPop(small(2), RETR=lambda _, argument: b"+OK\r\n.\r\n" if argument == b"1" else None) as server:
        done = fetch(server, tmp_path, state, "--delete", status=EX_PROTOCOL)
        assert b"message 1: came without a single octet" in done.stderr
        assert list(server.maildrop) == [1]
        del server.overrides["RETR"]
        fetch(server, tmp_path, state, "--delete")
        assert_same(stored(tmp_path / "in"), small(2))


def test_messages_are_safe_before_they_are_deleted(tmp_path, state):
    """At every DELE, the file has its name and the state knows the message."""
    messages = small(30)

    def look(number):
        assert messages[number - 1] in [path.read_bytes() for path in (tmp_path / "in/new").iterdir()]

    with MiniPop(messages) as server:
        server.on_dele = look
        fetch(server, tmp_path, state, "--delete")
        assert server.maildrop == {}
