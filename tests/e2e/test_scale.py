"""Much and big: a thousand sessions at a time, a message of 1 GiB, ten thousand messages.

Memory is measured on the plain build, since a sanitizer needs several times as much.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json
import os
import resource
import shutil

import pytest

from dialogue import Dialogue
from mails import fill, sent_by_epop, small, with_lf
from programs import EX_TEMPFAIL, PASSWORD, popget, popget_measured

GIBI = 1 << 30
LIMIT = 16 * 1024  # KiB
LINE = b".A line of a very long message, which begins with a dot and ends in LF only.\n"
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")


@pytest.mark.parametrize("release", [False, True], ids=["sanitised", "plain"])
def test_a_thousand_sessions(popd, release):
    """Idle in the TRANSACTION phase, each with its own maildrop; then every one of them is still served."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 2200:
        pytest.skip("a thousand sessions: the limit of open files is too low")
    users = [f"user{n}" for n in range(1000)]

    def prepare(server):
        for name in users:
            fill(server.maildir(name), small(1))

    server = popd("--max-sessions", "1000", users=users, prepare=prepare, release=release)
    sessions = []
    for name in users:
        session = Dialogue(server.port)
        sessions.append(session)
        session.login(name.encode())
    with Dialogue(server.port) as refused:
        assert refused.greeting.startswith(b"-ERR [SYS/TEMP]")
    for session in sessions:
        session.send(b"STAT\r\nRETR 1\r\n")
    for session in sessions:
        assert session.line().startswith(b"+OK 1 ")
        assert session.line().startswith(b"+OK")
        assert b"".join(row + b"\r\n" for row in session.rows()) == sent_by_epop(small(1)[0])
        session.ok(b"QUIT")
        session.close()


def write_big_message(path, size):
    """Fast: the same block again and again. Returns the number of octets as LIST must say it."""
    header = b"Subject: a big one\n\n"
    block = LINE * 16384
    blocks = size // len(block) + 1
    with open(path, "wb") as out:
        out.write(header)
        for _ in range(blocks):
            out.write(block)
    return len(header) + 2 + blocks * 16384 * (len(LINE) + 1)


def same_octets(one, other):
    with open(one, "rb") as left, open(other, "rb") as right:
        while True:
            ours, theirs = left.read(1 << 22), right.read(1 << 22)
            if ours != theirs:
                return False
            if not ours:
                return True


@needs_proc
def test_message_of_one_gibibyte(popd, tmp_path):
    if shutil.disk_usage(tmp_path).free < 3 * GIBI:
        pytest.skip("a message of 1 GiB: needs 3 GiB of free disk")
    server = popd(release=True)
    source = server.maildir() / "new" / "1700000001.M1.big"
    try:
        octets = write_big_message(source, GIBI)
        done, _ = popget_measured(tmp_path, "--list", "--json", port=server.port)
        assert octets in json.loads(done.stdout).values()
        _, peak = popget_measured(tmp_path, "--maildir", tmp_path / "in", port=server.port)
        assert peak < LIMIT, f"popget needed {peak} KiB"
        assert server.memory_peak() < LIMIT, f"popd needed {server.memory_peak()} KiB"
        (copy,) = (tmp_path / "in" / "new").iterdir()
        assert same_octets(source, copy)
    finally:
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        source.unlink(missing_ok=True)


if os.environ.get("EPOP_TEST_LONG") == "1":

    @needs_proc
    def test_message_of_five_gibibytes(popd, tmp_path):
        """More than 32 bits can count, from a sparse file, into a pipe that only counts."""
        server = popd(release=True)
        source = server.maildir() / "new" / "1700000001.M1.big"
        with open(source, "wb") as out:
            out.write(b"Subject: sparse\n\n")
            out.truncate(5 * GIBI)
        _, peak = popget_measured(
            tmp_path, "--exec", f"wc -c >{tmp_path}/count", "--crlf", port=server.port, timeout=600
        )
        # One line of NUL octets, to which a line end is added; three of the header get a CR.
        assert int((tmp_path / "count").read_text()) == 5 * GIBI + 2 + 2
        assert peak < LIMIT and server.memory_peak() < LIMIT


@needs_proc
def test_ten_thousand_messages(popd, tmp_path):
    """Listed, fetched and deleted in one session each."""
    count = 100_000 if os.environ.get("EPOP_TEST_LONG") == "1" else 10_000
    server = popd(release=True, prepare=lambda server: fill(server.maildir(), small(count)))
    done, _ = popget_measured(tmp_path, "--list", "--json", "--messages", "1-3", port=server.port)
    assert len(done.stdout.splitlines()) == 3
    done, _ = popget_measured(tmp_path, "--stdout", "--delete", "--pipeline", 64, port=server.port)
    assert done.stdout == b"".join(with_lf(sent_by_epop(raw)) for raw in small(count))
    assert not any((server.maildir() / "new").iterdir())
    with Dialogue(server.port) as session:
        session.login()
        assert session.ok(b"STAT").split()[1:3] == [b"0", b"0"]


def test_pipelined_session_under_small_socket_buffers(popd, tmp_path):
    """Both sides write as much as they like; neither may block the other for ever."""
    messages = [b"Subject: %d\n\n" % n + b"x" * 200_000 + b"\n" for n in range(30)]
    server = popd(prepare=lambda server: fill(server.maildir(), messages))
    popget("--maildir", tmp_path / "in", "--pipeline", 1000, "--timeout", 60, port=server.port)
    assert len(list((tmp_path / "in" / "new").iterdir())) == 30


def test_the_same_user_from_many_places(popd):
    """A hundred try at a time: one gets in, all others hear that it is in use."""
    server = popd(prepare=lambda server: fill(server.maildir(), small(1)))
    sessions = [Dialogue(server.port) for _ in range(100)]
    for session in sessions:
        session.send(b"USER alice\r\nPASS " + PASSWORD.encode() + b"\r\n")
    answers = []
    for session in sessions:
        assert session.line().startswith(b"+OK")
        answers.append(session.line())
    assert sum(answer.startswith(b"+OK") for answer in answers) == 1
    assert sum(answer.startswith(b"-ERR [IN-USE]") for answer in answers) == 99
    done = popget("--list", port=server.port, status=EX_TEMPFAIL)
    assert b"IN-USE" in done.stderr or b"use" in done.stderr
    for session in sessions:
        session.close()
