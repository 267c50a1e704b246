"""popd as a service: signals, limits, locks, time-outs, command line.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json
import shutil
import signal
import subprocess

import pytest

from deadline import until
from dialogue import Dialogue
from mails import fill, mixed, sent_by_epop, small, stored
from programs import EX_USAGE, PASSWORD, program


def enters(port, user=b"alice", password=PASSWORD.encode()):
    with Dialogue(port) as session:
        session.ok(b"USER " + user)
        answer = session.command(b"PASS " + password)
        session.command(b"QUIT")
        return answer.startswith(b"+OK")


def listen_addresses(server):
    return (server.folder / "port").read_text().splitlines()


def test_sigterm_deletes_nothing(popd):
    """Sessions of every kind are open when it comes; popd ends with status 0 (Popd.stop looks) and no deletion."""
    server = popd(users=("alice", "bob"), prepare=lambda server: fill(server.maildir(), mixed(60)))
    sessions = [Dialogue(server.port), Dialogue(server.port), Dialogue(server.port).login()]
    sessions[1].ok(b"USER bob")
    sessions[2].ok(b"DELE 1")
    sessions[2].send(b"RETR 60\r\nRETR 59\r\n")
    assert sessions[2].line().startswith(b"+OK")
    before = sorted(stored(server.maildir()))
    server.stop()
    assert all(session.ended() for session in sessions)
    assert sorted(stored(server.maildir())) == before and len(before) == 60


def test_sigterm_at_a_client_that_does_not_read(popd):
    server = popd(prepare=lambda server: fill(server.maildir(), [b"\n" + b"x\n" * 5_000_000]))
    session = Dialogue(server.port).login()
    session.send(b"RETR 1\r\n")
    assert session.line().startswith(b"+OK")
    server.stop()
    session.close()


def test_sigint_ends_it_too(popd):
    server = popd()
    server.process.send_signal(signal.SIGINT)
    until(lambda: server.process.poll() is not None, "popd ends")
    assert server.process.returncode == 0


def test_sighup_rereads_the_users(popd):
    """Open sessions go on; new logins see the new file; a file with a mistake changes nothing."""
    server = popd(users=("alice", "bob"), lines=[f"alice:{{PLAIN}}{PASSWORD}"])
    with Dialogue(server.port) as session:
        session.login()
        assert not enters(server.port, b"bob")
        server.users_file.write_text(f"bob:{{PLAIN}}{PASSWORD}\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: enters(server.port, b"bob"), "bob is known")
        session.ok(b"NOOP")
        session.ok(b"QUIT")
    assert not enters(server.port)
    server.users_file.write_text("this is no users file\n")
    server.process.send_signal(signal.SIGHUP)
    log = server.log
    size = log.stat().st_size
    until(lambda: log.stat().st_size > size or enters(server.port, b"bob"), "popd says so")
    assert enters(server.port, b"bob")


def test_maildrop_in_use(popd):
    server = popd(users=("alice", "bob"), prepare=lambda server: fill(server.maildir(), small()))
    with Dialogue(server.port) as first, Dialogue(server.port) as second:
        first.login()
        first.ok(b"DELE 1")
        second.ok(b"USER alice")
        assert second.refused(b"PASS " + PASSWORD.encode()).startswith(b"-ERR [IN-USE]")
        assert enters(server.port, b"bob"), "another user is not concerned"
        first.ok(b"QUIT")
    assert enters(server.port)
    assert len(stored(server.maildir())) == 4


def test_in_use_is_not_told_to_strangers(popd):
    """Without the right password nobody learns that somebody is logged in."""
    server = popd()
    with Dialogue(server.port) as first, Dialogue(server.port) as second:
        second.ok(b"USER alice")
        before = second.refused(b"PASS wrong")
        first.login()
        second.ok(b"USER alice")
        assert second.refused(b"PASS wrong") == before
        second.ok(b"USER nobody-of-this-name")
        assert second.command(b"PASS wrong") in (before, None)


def test_max_login_failures(popd):
    server = popd("--max-login-failures", "2")
    with Dialogue(server.port) as session:
        for _ in range(2):
            session.ok(b"USER alice")
            session.refused(b"PASS wrong")
        assert session.ended()
    assert enters(server.port)


def test_idle_timeout(popd):
    """The connection ends without a word and without deletion (RFC 1939 section 3)."""
    server = popd("--idle-timeout", "1", prepare=lambda server: fill(server.maildir(), small()))
    with Dialogue(server.port) as session:
        session.login()
        session.ok(b"DELE 1")
        assert session.line() is None
    until(lambda: enters(server.port), "the lock is free")
    assert len(stored(server.maildir())) == 5


def test_cleartext_is_refused(popd):
    server = popd(cleartext=False)
    with Dialogue(server.port) as session:
        assert b"USER" not in session.listing(b"CAPA")
        session.refused(b"USER alice")
        session.refused(b"PASS " + PASSWORD.encode())


def test_several_listeners(popd):
    server = popd("--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0")
    addresses = listen_addresses(server)
    assert len(set(addresses)) == 3
    for line in addresses:
        assert enters(int(line.rpartition(":")[2]))


def test_passwords_with_blanks(popd):
    """Everything behind "PASS " is the password (RFC 1939 section 7), and it may have colons and braces."""
    secret = "  two  blanks: {PLAIN}x#  "
    server = popd(lines=[f"alice:{{PLAIN}}{secret}"])
    assert enters(server.port, password=secret.encode())
    assert not enters(server.port, password=secret.strip().encode())


def test_json_log(popd):
    server = popd("--log", "json")
    assert enters(server.port)
    assert not enters(server.port, b'\xff\x1b"\\', b"x")
    server.stop()
    lines = server.log.read_text("utf-8").splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--root", "."],
        ["--users", "/dev/null"],
        ["--root", ".", "--users", "/dev/null", "--listen", "nonsense"],
        ["--root", ".", "--users", "/dev/null", "--listen", "127.0.0.1:65536"],
        ["--root", ".", "--users", "/dev/null", "--max-sessions", "0"],
        ["--root", ".", "--users", "/dev/null", "--max-sessions", "-1"],
        ["--root", ".", "--users", "/dev/null", "--log", "xml"],
        ["--root", ".", "--users", "/dev/null", "--idle-timeout", "99999999999999999999"],
        ["--no-such-option"],
        ["--root", ".", "--users", "/dev/null", "surplus"],
    ],
)
def test_wrong_usage(arguments):
    done = subprocess.run([program("popd"), *arguments], capture_output=True, timeout=60)
    assert done.returncode == EX_USAGE and done.stderr != b"" and done.stdout == b""


@pytest.mark.parametrize(
    "line",
    [
        "alice",
        "alice:",
        "alice:secret",
        "../x:{PLAIN}secret",
        "a/b:{PLAIN}secret",
        ".:{PLAIN}x",
        "..:{PLAIN}x",
        ":{PLAIN}x",
        "alice:{UNKNOWN}x",
        "alice:{PLAIN}x\nalice:{PLAIN}y",
    ],
)
def test_wrong_users_file(tmp_path, line):
    users = tmp_path / "users"
    users.write_text(line + "\n")
    done = subprocess.run(
        [program("popd"), "--root", str(tmp_path), "--users", str(users), "--listen", "127.0.0.1:0"],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode not in (0, 99) and done.returncode > 0 and b"users" in done.stderr


def test_port_in_use(popd, tmp_path):
    server = popd()
    done = subprocess.run(
        [
            program("popd"),
            "--root",
            str(server.root),
            "--users",
            str(server.users_file),
            "--listen",
            f"127.0.0.1:{server.port}",
        ],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode > 0 and done.returncode != 99 and str(server.port).encode() in done.stderr


def test_no_maildir(popd):
    """A user to whom no mail has come has an empty maildrop, with a warning; the first mail makes it an ordinary one."""
    server = popd(users=("alice",), lines=[f"alice:{{PLAIN}}{PASSWORD}", f"ghost:{{PLAIN}}{PASSWORD}"])
    with Dialogue(server.port) as session:
        session.login(b"ghost")
        assert session.ok(b"STAT").split()[1:3] == [b"0", b"0"]
        assert session.listing(b"UIDL") == []
        session.refused(b"RETR 1")
        session.refused(b"DELE 1")
        session.ok(b"RSET")
        session.ok(b"QUIT")
    assert b'warning user="ghost" text="this user has no Maildir' in server.log.read_bytes()
    assert not server.maildir("ghost").exists(), "popd makes no folders"
    fill(server.maildir("ghost"), small(1))
    with Dialogue(server.port) as session:
        session.login(b"ghost")
        assert session.message(1) == sent_by_epop(small(1)[0])
    assert enters(server.port)


def test_no_root(popd):
    """Where the folder with all Maildirs is gone, nobody is told that there is no mail."""
    server = popd(users=("alice",))
    shutil.rmtree(server.maildir().parent)
    with Dialogue(server.port) as session:
        session.ok(b"USER alice")
        assert session.command(b"PASS " + PASSWORD.encode()).startswith(b"-ERR [SYS/")
    assert b"the folder with the Maildirs is gone" in server.log.read_bytes()


def test_sizes_are_exact(popd):
    """LIST, STAT and the reply to RETR say what is sent, before dot-stuffing (RFC 1939 section 11)."""
    messages = mixed(60)
    server = popd(prepare=lambda server: fill(server.maildir(), messages))
    with Dialogue(server.port) as session:
        session.login()
        sizes = {int(number): int(size) for number, size in (row.split() for row in session.listing(b"LIST"))}
        assert session.ok(b"STAT").split()[1:3] == [b"60", b"%d" % sum(sizes.values())]
        for number, raw in enumerate(messages, 1):
            assert session.message(number) == sent_by_epop(raw)
            assert sizes[number] == len(sent_by_epop(raw))


def test_unique_ids_stay(popd):
    """Over sessions, over deletions of others, and over a restart."""
    server = popd(prepare=lambda server: fill(server.maildir(), small(4)))

    def ids():
        with Dialogue(server.port) as session:
            session.login()
            rows = dict(row.split(b" ") for row in session.listing(b"UIDL"))
            session.ok(b"QUIT")
        return [rows[number] for number in sorted(rows, key=int)]

    first = ids()
    assert len(set(first)) == 4
    with Dialogue(server.port) as session:
        session.login()
        session.ok(b"DELE 2")
        session.ok(b"QUIT")
    server.stop()
    server.start()
    assert ids() == [first[0], first[2], first[3]]
