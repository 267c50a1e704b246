"""popd under bad input: too long, too many, NUL, garbage, cut, vanishing clients, and strange things in the Maildir.

After each, popd still serves, the maildrop is as it was, and (in conftest) no sanitizer has spoken.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import random
import threading

import pytest

from deadline import until
from dialogue import Dialogue
from mails import files, fill, mixed, sent_by_epop, small, stored
from programs import PASSWORD

MEBI = 1 << 20
ALLOWED_GROWTH = 4 * 1024  # KiB; far below the input of the tests that look at it


def serve(popd, messages=None, *options, **where):
    server = popd(
        *options, prepare=lambda server: fill(server.maildir(), small() if messages is None else messages), **where
    )
    return server, sorted(files(server.maildir()).values())


def still_serves(server, before):
    """The maildrop is as it was, and the user gets in: no lock was left behind."""

    def enter():
        with Dialogue(server.port) as session:
            session.ok(b"USER alice")
            if not session.command(b"PASS " + PASSWORD.encode()).startswith(b"+OK"):
                return False
            assert session.ok(b"STAT").split()[1] == b"%d" % len(before)
            session.ok(b"QUIT")
            return True

    until(enter, "the user gets in again")
    assert sorted(stored(server.maildir())) == before


def throw(port, octets, login=False):
    """Sends all of it while it reads what comes back; returns that. The server may hang up long before the end."""
    session = Dialogue(port)
    if login:
        session.login()

    def send():
        try:
            session.send(octets)
            session.half_close()
        except OSError:
            pass

    sender = threading.Thread(target=send)
    sender.start()
    answer = b""
    try:
        while piece := session.reader.read1(65536):
            answer += piece
    except OSError:
        pass
    sender.join()
    session.close()
    return answer


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize(
    "octets",
    [
        b"A" * MEBI,
        b"A" * MEBI + b"\r\n",
        b"USER " + b"a" * MEBI + b"\r\n",
        b"NOOP" + b" " * MEBI + b"\r\n",
        b"\0" * MEBI,
        b"\r" * MEBI,
        b"\r\n" * (MEBI // 2),
        b"\xff" * MEBI,
    ],
    ids=["endless", "line", "user", "blanks", "nul", "cr", "crlf", "8-bit"],
)
def test_one_mebibyte(popd, octets, login):
    server, before = serve(popd, release=True)
    throw(server.port, b"QUIT\r\n")
    base = server.memory_peak()
    answer = throw(server.port, octets, login)
    assert b"+OK" not in answer and b"\0" not in answer
    assert server.memory_peak() - base < ALLOWED_GROWTH
    still_serves(server, before)


@pytest.mark.parametrize("login", [False, True])
def test_long_line_is_answered(popd, login):
    """Longer than RFC 2449 allows and shorter than an attack: -ERR, and the session goes on with the next line."""
    server, before = serve(popd)
    answer = throw(server.port, b"NOOP " + b"x" * 5000 + b"\r\nQUIT\r\n", login).split(b"\r\n")
    assert len(answer) == 3 and answer[0].startswith(b"-ERR") and answer[1].startswith(b"+OK") and answer[2] == b""
    still_serves(server, before)


@pytest.mark.parametrize(
    "line",
    [
        b"NO\0OP",
        b"\0",
        b"NOOP\0",
        b"RETR 1\0",
        b"RETR 4294967296",
        b"RETR 4294967297",
        b"RETR 0",
        b"RETR -1",
        b"RETR +1",
        b"RETR 6",
        b"RETR 99999999999999999999999999",
        b"RETR",
        b"RETR ",
        b"RETR 1 2",
        b"RETR 1x",
        b"RETR \xc2\xb9",
        b"DELE 4294967297",
        b"DELE 0",
        b"LIST 4294967297",
        b"UIDL 0",
        b"TOP 1",
        b"TOP 1 4294967296",
        b"TOP 1 -1",
        b"TOP 4294967297 1",
        b"STAT 1",
        b"",
        b" ",
        b" NOOP",
        b"PASS x",
        b"USER alice",
        b"XYZZY",
        b"\x1b[2J",
        b"%s%n",
    ],
)
def test_bad_command(popd, line):
    server, before = serve(popd)
    with Dialogue(server.port) as session:
        session.login()
        answer = session.refused(line)
        assert not set(answer) & set(range(32)), "a control octet came back"
        session.ok(b"NOOP")
        session.ok(b"QUIT")
    still_serves(server, before)


def test_ten_thousand_commands_at_once(popd):
    """All of them are sent before the first answer is read: neither side may wait for the other for ever."""
    server, before = serve(popd)
    commands = [b"NOOP", b"STAT", b"LIST 1", b"UIDL 2", b"RSET"] * 2000
    answer = throw(server.port, b"".join(command + b"\r\n" for command in commands) + b"QUIT\r\n", login=True)
    lines = answer.split(b"\r\n")
    assert len(lines) == len(commands) + 2 and all(line.startswith(b"+OK") for line in lines[:-1])
    still_serves(server, before)


def test_ten_thousand_messages_at_once(popd):
    """The client asks for 10,000 bodies and does not read: popd must neither buffer them nor stall for the others."""
    raw = b"Subject: big\n\n" + b"x" * 70 * 1000 + b"\n"
    server, before = serve(popd, [raw], release=True)
    throw(server.port, b"QUIT\r\n")
    with Dialogue(server.port) as deaf:
        deaf.login()
        base = server.memory_peak()
        deaf.send(b"RETR 1\r\n" * 10000)
        with Dialogue(server.port) as other:
            other.ok(b"CAPA")
        for _ in range(3):
            assert deaf.line().startswith(b"+OK")
            assert b"".join(line + b"\r\n" for line in deaf.rows()) == sent_by_epop(raw)
        assert server.memory_peak() - base < ALLOWED_GROWTH
        deaf.reset()
    still_serves(server, before)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("login", [False, True])
def test_garbage(popd, seed, login):
    server, before = serve(popd)
    rng = random.Random(seed)
    answer = throw(server.port, rng.randbytes(100_000), login)
    for line in answer.split(b"\r\n")[:-1]:
        assert line.startswith(b"-ERR") and not set(line) & set(range(32))
    still_serves(server, before)


@pytest.mark.parametrize("seed", range(10))
def test_commands_in_disorder(popd, seed):
    """Any commands in any order, cut into any pieces. Whatever happens, without QUIT nothing is deleted."""
    server, before = serve(popd)
    rng = random.Random(seed)
    words = [
        b"USER alice",
        b"PASS " + PASSWORD.encode(),
        b"PASS no",
        b"CAPA",
        b"STAT",
        b"LIST",
        b"LIST 2",
        b"UIDL",
        b"RETR 1",
        b"TOP 2 1",
        b"DELE 1",
        b"DELE 3",
        b"RSET",
        b"NOOP",
        b"STLS",
        b"AUTH",
        b"AUTH PLAIN",
        b"APOP a b",
        b"LAST",
        b"LANG",
        b"UTF8",
        b"XTND X",
    ]
    text = b"".join(rng.choice(words) + b"\r\n" for _ in range(300))
    with Dialogue(server.port) as session:
        try:
            while text:
                cut = rng.randrange(1, 30)
                session.send(text[:cut])
                text = text[cut:]
            session.half_close()
        except OSError:
            pass
        assert session.ended()
    still_serves(server, before)


@pytest.mark.parametrize("tail", [b"QUI", b"QUIT", b"QUIT\r", b"DELE 2", b"RETR 1", b"QUIT\n"])
def test_half_a_command_at_the_end(popd, tail):
    """Only a whole QUIT, with its CRLF, deletes."""
    server, before = serve(popd)
    with Dialogue(server.port) as session:
        session.login()
        session.ok(b"DELE 1")
        session.send(tail)
        session.half_close()
        assert session.ended()
    still_serves(server, before)


@pytest.mark.parametrize("after", [b"RETR 200", b"DELE 1", b"DELE 1\r\nDELE 2\r\nRETR 200", b"LIST\r\nUIDL", b"RSET"])
@pytest.mark.parametrize("how", ["reset", "close"])
def test_client_vanishes(popd, after, how):
    server, before = serve(popd, mixed(200))
    session = Dialogue(server.port).login()
    session.send(after + b"\r\n")
    assert session.line().startswith(b"+OK")
    getattr(session, how)()
    still_serves(server, before)


def test_client_vanishes_before_the_answer_to_quit(popd):
    """QUIT has arrived, so the deletions take place, though nobody hears of it."""
    server, before = serve(popd)
    session = Dialogue(server.port).login()
    session.ok(b"DELE 1")
    session.send(b"QUIT\r\n")
    session.half_close()
    until(lambda: len(stored(server.maildir())) == len(before) - 1, "the message is deleted")
    session.close()


@pytest.mark.parametrize(
    "name",
    [
        b"../bob",
        b"..",
        b".",
        b"./bob",
        b"bob/",
        b"/etc",
        b"bob/../bob",
        b"alice/../bob",
        b"\xff\xfe",
        b"alice ",
        b" alice",
        b"ALICE",
        b"a" * 240,
        b"alice\x1b[2J",
        b"%s%n",
        b"-",
        b"bob:{PLAIN}x",
        b"*",
    ],
)
def test_user_names(popd, name):
    """No name but those in the users file gets in, and the answer is the one for a wrong password."""
    server, _ = serve(popd, users=("alice", "bob"))
    with Dialogue(server.port) as session:
        session.ok(b"USER alice")
        wrong = session.refused(b"PASS wrong")
    assert wrong.startswith(b"-ERR [AUTH] ")
    with Dialogue(server.port) as session:
        answer = session.command(b"USER " + name)
        if answer.startswith(b"+OK"):
            answer = session.refused(b"PASS " + PASSWORD.encode())
            assert answer == wrong
        assert answer.startswith(b"-ERR")
        session.refused(b"STAT")


def test_control_octets_stay_out_of_the_log(popd):
    server, _ = serve(popd)
    with Dialogue(server.port) as session:
        session.command(b"USER \x1b[31mred\x07")
        session.command(b"PASS wrong")
        session.command(b"QUIT")
    server.stop()
    assert not set(server.log.read_bytes()) & (set(range(32)) - {10})


def test_file_vanishes(popd):
    """Another program deletes a message while a session knows it: -ERR for that one, the others go on."""
    server, _ = serve(popd, small(3))
    with Dialogue(server.port) as session:
        session.login()
        for path in server.maildir().glob("*/1700000002*"):
            path.unlink()
        session.refused(b"RETR 2")
        assert session.message(1) == sent_by_epop(small(3)[0])
        assert session.message(3) == sent_by_epop(small(3)[2])
        session.ok(b"DELE 1")
        session.command(b"DELE 2")
        session.command(b"QUIT")
    assert stored(server.maildir()) == [small(3)[2]]


def test_file_is_replaced(popd):
    """Another program puts a new message under the name of a listed one: it is neither sent nor deleted unread."""
    server, _ = serve(popd, small(4))
    with Dialogue(server.port) as session:
        session.login()
        for number in (1, 2, 3):
            session.ok(b"DELE %d" % number)
        for path in server.maildir().glob("*/1700000002*"):
            fresh = server.maildir() / "tmp" / "fresh"
            fresh.write_bytes(b"Subject: fresh\n\nunread\n")
            fresh.rename(path)
        for path in server.maildir().glob("*/1700000003*"):
            path.write_bytes(path.read_bytes() + b"more, in the same file\n")
        for path in server.maildir().glob("*/1700000004*"):
            fresh.write_bytes(b"Subject: fresh too\n\nunread\n")
            fresh.rename(path)
        session.refused(b"RETR 4")
        assert session.command(b"QUIT").startswith(b"-ERR [SYS/TEMP]")
    assert stored(server.maildir()) == [
        b"Subject: fresh\n\nunread\n",
        small(3)[2] + b"more, in the same file\n",
        b"Subject: fresh too\n\nunread\n",
    ]
    assert b"replaced or changed during the session" in server.log.read_bytes()


def test_file_is_renamed(popd):
    """Another program sets flags, which renames the file, between LIST and RETR, and between DELE and QUIT."""
    server, _ = serve(popd, small(3))
    with Dialogue(server.port) as session:
        session.login()
        assert len(session.listing(b"LIST")) == 3
        for path in server.maildir().glob("*/1700*"):
            path.rename(server.maildir() / "cur" / (path.name.partition(":")[0] + ":2,S"))
        for number in (1, 2, 3):
            assert session.message(number) == sent_by_epop(small(3)[number - 1])
        session.ok(b"DELE 1")
        for path in server.maildir().glob("cur/1700000001*"):
            path.rename(server.maildir() / "cur" / (path.name.partition(":")[0] + ":2,RS"))
        session.ok(b"QUIT")
    assert stored(server.maildir()) == small(3)[1:]


def test_mail_that_comes_during_a_session(popd):
    """It waits for the next session; it is neither numbered nor deleted in this one."""
    server, before = serve(popd, small(2))
    with Dialogue(server.port) as session:
        session.login()
        (server.maildir() / "new" / "1699999999.M0.early").write_bytes(b"Subject: early\n\nbird\n")
        assert session.ok(b"STAT").split()[1] == b"2"
        session.ok(b"DELE 1")
        session.ok(b"DELE 2")
        session.ok(b"QUIT")
    assert stored(server.maildir()) == [b"Subject: early\n\nbird\n"]


def test_what_is_no_message(popd):
    """A FIFO would block the one thread of the server, a link could lead out of the maildrop."""
    server, before = serve(popd, small(3))
    secret = server.folder / "secret"
    secret.write_text("Subject: not yours\n\nanother user's mail\n")
    os.mkfifo(server.maildir() / "new" / "1700000100.M1.fifo")
    (server.maildir() / "new" / "1700000101.M1.link").symlink_to(secret)
    (server.maildir() / "new" / "1700000102.M1.dangling").symlink_to("/nonexistent")
    (server.maildir() / "new" / "1700000103.M1.folder").mkdir()
    (server.maildir() / "new" / ".hidden").write_text("x")
    with Dialogue(server.port) as session:
        session.login()
        rows = session.listing(b"LIST")
        octets = b""
        for number in range(1, len(rows) + 1):
            answer = session.command(b"RETR %d" % number)
            if answer.startswith(b"+OK"):
                octets += b"\n".join(session.rows())
        assert b"another user" not in octets
        for number in (1, 2, 3):
            assert b"hello %d" % number in octets
        session.ok(b"QUIT")
    assert sorted(files(server.maildir()).values()) == sorted([*before, b"x", secret.read_bytes()])


def test_changed_size(popd):
    """A message grows or shrinks under the session. Its size may be wrong then, the framing may not."""
    server, _ = serve(popd, [b"Subject: %d\n\n%s\n" % (n, b"x" * 200_000) for n in (1, 2, 3)])
    with Dialogue(server.port) as session:
        session.login()
        (server.maildir() / "new" / "1700000001.M1.e2e").write_bytes(b"short\n")
        with open(server.maildir() / "new" / "1700000002.M2.e2e", "ab") as grown:
            grown.write(b".\r\n.\r\n" * 1000)
        for number in (1, 2):
            answer = session.command(b"RETR %d" % number)
            if answer is None or answer.startswith(b"+OK") and _body_ends(session) is False:
                return  # hung up: the client sees that the message is not whole
        assert session.message(3) == b"Subject: 3\r\n\r\n" + b"x" * 200_000 + b"\r\n"


def _body_ends(session):
    while (line := session.line()) != b".":
        if line is None:
            return False
    return True
