"""What a run that was broken off has left behind, and what the next one makes of it: no message is taken for stored that
is not, and none that is stored is taken away.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import resource
import signal
import sqlite3
import subprocess
import threading

import pytest

from deadline import PATIENCE, until
from mails import small, stored
from minipop import MiniPop
from preload import preload
from programs import EX_IOERR, popget, popget_command, popget_environment
from test_popget_state import xxh64

LOG_HEAD = "popget state log 1\n"
NAME = "1700000000.M000001P1Q1.host"
LINE = b"From MAILER-DAEMON Thu Nov 26 01:00:00 2026"


def intend(state, server, target, detail):
    """Writes down that the first message is on its way, as a run does that is then killed."""
    with MiniPop() as empty:
        popget("--state", state, "--exec", "cat", port=empty.port)
    with sqlite3.connect(state) as database:
        account = f"alice@127.0.0.1:{server.port}"
        database.execute("INSERT INTO account(name) VALUES (?)", (account,))
        database.execute(
            "INSERT INTO intent SELECT id, ?, 1, strftime('%s'), ?, ? FROM account WHERE name = ?",
            (b"uid-1", target, detail, account),
        )
    database.close()


def test_maildir_that_was_taken_away(tmp_path):
    """With what lay ready in it: a new one in its place does not say that its reader has that."""
    folder = tmp_path / "in"
    with MiniPop(small(1)) as server:
        intend(tmp_path / "state", server, f"maildir:{folder}", NAME)
        popget("--maildir", folder, "--state", tmp_path / "state", "--delete", port=server.port)
        assert len(stored(folder)) == 1
        assert server.maildrop == {}


@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
def test_torn_behind_its_from_line(tmp_path, eol):
    """Of a message only the "From " line was written, and another program has appended its own since."""
    box = tmp_path / "box"
    foreign = b"From somebody Thu Nov 26 01:00:01 2026" + eol + b"Subject: foreign" + eol + eol
    box.write_bytes(LINE + eol + foreign)
    with MiniPop(small(1)) as server:
        intend(tmp_path / "state", server, f"mbox:{box}", f"0 100000 0123456789abcdef {(LINE + eol).decode()}")
        popget("--mbox", box, "--state", tmp_path / "state", port=server.port)
    assert foreign in box.read_bytes()


SYNCED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int fd)
{
    static int (*next)(int);
    char link[64];
    char name[4096];
    ssize_t len;
    FILE *log = fopen(getenv("SYNC_LOG"), "a");

    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "fsync");
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, name, sizeof name);
    fprintf(log, "%.*s\n", len > 0 ? (int)len : 0, name);
    fclose(log);
    return next(fd);
}
"""


@pytest.fixture(scope="module")
def synced(tmp_path_factory):
    """A library that writes down which files are synced."""
    return preload(tmp_path_factory.mktemp("synced"), "synced", SYNCED)


def recover(server, tmp_path, library, *options):
    """The files that are synced by a run that has nothing to fetch."""
    command = popget_command(*options, "--state", tmp_path / "state", port=server.port, release=True)
    log = tmp_path / "synced"
    log.touch()
    env = {**popget_environment(), "LD_PRELOAD": library, "SYNC_LOG": str(log)}
    assert subprocess.run(command, env=env).returncode == 0
    assert "RETR" not in [verb.decode() for verb in server.verbs()]
    return log.read_text().splitlines()


@pytest.mark.parametrize("part", ["new", "cur"])
def test_shown_and_not_synced(tmp_path, synced, part):
    """A run was killed between the two: before the message counts as stored its name must be on the disk."""
    folder = tmp_path / "in"
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True)
    (folder / part / (NAME if part == "new" else f"{NAME}:2,S")).write_bytes(small(1)[0])
    with MiniPop(small(1)) as server:
        intend(tmp_path / "state", server, f"maildir:{folder}", NAME)
        assert str(folder / part) in recover(server, tmp_path, synced, "--maildir", folder)


def test_appended_and_not_synced(tmp_path, synced):
    """The same with the octets of an mbox, and its name."""
    box = tmp_path / "box"
    with MiniPop(small(1)) as server:
        popget("--mbox", box, port=server.port)
        whole = box.read_bytes()
        line = whole.partition(b"\n")[0].decode()
        detail = f"0 {len(whole)} {xxh64(whole):016x} {line}\n"
        server.commands.clear()
        intend(tmp_path / "state", server, f"mbox:{box}", detail)
        files = recover(server, tmp_path, synced, "--mbox", box)
    assert str(box) in files and str(tmp_path) in files
    assert box.read_bytes() == whole


def test_log_on_a_full_disk(tmp_path):
    """A line of the log was written in part; where there is room again later in the run, nothing goes behind it."""
    state = tmp_path / "state"
    state.write_text(LOG_HEAD)
    running = []

    def room_again(number):
        resource.prlimit(running[0].pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (130, resource.RLIM_INFINITY))

    with MiniPop(small(3)) as server:
        server.on_dele = room_again
        command = popget_command("--exec", "cat > /dev/null", "--state", state, "--delete", port=server.port)
        running.append(
            subprocess.Popen(command, env=popget_environment(), stderr=subprocess.PIPE, preexec_fn=limited)
        )
        said = running[0].communicate()[1]
        assert running[0].returncode == EX_IOERR, said
        assert len(server.maildrop) == 2
        server.on_dele = None
        popget("--exec", "cat > /dev/null", "--state", state, "--delete", port=server.port)
        assert server.maildrop == {}


NO_TRUNCATE = r"""
#include <errno.h>
#include <sys/types.h>

int ftruncate64(int fd, off_t length)
{
    (void)fd, (void)length;
    errno = EIO;
    return -1;
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}
"""


def test_spool_that_can_not_be_cut(tmp_path):
    """A message that proves too long cannot be cut off behind the finished ones: those are not stored then, and none
    of them is taken for one that comes later."""
    library = preload(tmp_path, "cut", NO_TRUNCATE)
    box = tmp_path / "box"
    messages = [small(1)[0], b"Subject: long\n\n" + b"x" * 3000 + b"\n", small(3)[2]]

    def all_at_once(session, argument):
        return b"" if argument != b"3" else b"".join(session.usual(b"RETR", b"%d" % n) for n in (1, 2, 3))

    with MiniPop(messages, RETR=all_at_once, LIST=b"+OK\r\n1 60\r\n2 60\r\n3 60\r\n.\r\n") as server:
        command = popget_command("--mbox", box, "--delete", "--max-size", 1000, port=server.port, release=True)
        env = {**popget_environment(), "LD_PRELOAD": library}
        done = subprocess.run(command, env=env, stderr=subprocess.PIPE)
        kept = box.read_bytes() if box.exists() else b""
        for number, subject in ((1, b"Subject: 1\n"), (3, b"Subject: 3\n")):
            assert number in server.maildrop or subject in kept, done.stderr
        assert done.returncode != 0


class Stalling:
    """RETR 2 stops in the middle of the message until `go` is set."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, session, argument):
        if argument != b"2" or self.go.is_set():
            return None
        session.send(b"+OK\r\nSubject: the beg")
        self.go.wait(PATIENCE)
        return b"inning\r\n\r\n.\r\n"


@pytest.mark.parametrize("killed", [True, False])
def test_left_over_in_tmp(tmp_path, killed):
    """What a killed run has left goes in the next one; what one that is alive receives stays, and so do files of other
    programs."""
    folder = tmp_path / "in"
    stall = Stalling()
    with MiniPop(small(2), RETR=stall) as server:
        first = subprocess.Popen(
            popget_command("--maildir", folder, port=server.port),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=popget_environment(),
        )
        try:
            until(lambda: len(list(folder.glob("new/*"))) == 1 and len(list(folder.glob("tmp/*"))) == 1, "it stalls")
            (left,) = folder.glob("tmp/*")
            (folder / "tmp" / "1700000000.M1P1Q1.elsewhere").write_text("of another program")
            if killed:
                first.kill()
                first.wait()
            popget("--maildir", folder, "--messages", 1, port=server.port)
            assert left.exists() != killed and (folder / "tmp" / "1700000000.M1P1Q1.elsewhere").exists()
            stall.go.set()
            assert killed or first.wait(PATIENCE) == 0
        finally:
            first.kill()
            first.wait()
    assert len(list(folder.glob("new/*"))) == (2 if killed else 3)
    assert len(list(folder.glob("tmp/*"))) == 1
