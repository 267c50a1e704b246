"""popd waits for nobody for ever: no single octet, sent or read now and then, moves a deadline.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import socket
import time

import pytest

from certificates import Certificates
from deadline import PATIENCE, until
from dialogue import Dialogue, SecureDialogue
from mails import fill, small, stored
from preload import preload

IDLE = ("--idle-timeout", "1")
TRICKLE = 0.1  # seconds between two octets: far below the timeout, so that a deadline moved by them never comes
TRICKLES = 100  # many times the timeout

# A socket that takes nothing any more once the file exists.
STUCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    ssize_t (*next)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");

    if (access(getenv("STUCK"), F_OK) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return next(fd, data, length, flags);
}
"""


class SmallWindow(Dialogue):
    """A client whose kernel takes little more than what it has read, so that the server sees how slowly it reads."""

    def connect(self, port):
        plain = socket.socket()
        plain.settimeout(PATIENCE)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        plain.connect(("127.0.0.1", port))
        return plain


def timed_out(server):
    return b"reason=EPOP_ERR_PEER_TIMEOUT" in server.log.read_bytes()


def trickle(server, session, octets):
    """Sends an octet now and then; true when popd has ended the session before the last."""
    for octet in octets:
        if timed_out(server):
            return True
        try:
            session.send(bytes([octet]))
        except OSError:
            return True
        time.sleep(TRICKLE)
    return False


@pytest.mark.parametrize("octets", [b"NOOP " + b"x" * TRICKLES, b"\r" * TRICKLES], ids=["x", "cr"])
def test_command_that_never_ends(popd, octets):
    """RFC 1939 section 3: the receipt of a command resets the timer, and this is none."""
    server = popd(*IDLE, prepare=lambda server: fill(server.maildir(), small()))
    with Dialogue(server.port) as session:
        session.login()
        session.ok(b"DELE 1")
        assert trickle(server, session, octets), "octets of one line have kept the session alive"
    until(lambda: timed_out(server), "the log tells")
    assert len(stored(server.maildir())) == 5


def test_commands_keep_a_session_alive(popd):
    """Even short ones, and each of them sent in two halves."""
    server = popd(*IDLE)
    with Dialogue(server.port) as session:
        session.login()
        for _ in range(20):
            session.send(b"NO")
            time.sleep(TRICKLE)
            session.ok(b"OP")
            time.sleep(TRICKLE)
        session.ok(b"QUIT")
    assert not timed_out(server)


def read_slowly(session, seconds, octets=4096):
    """Pieces of a reply, one every so many seconds, until the server has no more."""
    try:
        while piece := session.reader.read1(octets):
            yield piece
            time.sleep(seconds)
    except ConnectionResetError:
        pass


def test_reply_that_is_read_too_slowly(popd):
    """Some octets of a message move in every second, far fewer than any line carries in the real timeout."""
    server = popd("--idle-timeout", "2", prepare=lambda server: fill(server.maildir(), [b"\n" + b"x" * 7_500_000]))
    with SmallWindow(server.port) as session:
        session.login()
        session.send(b"RETR 1\r\n")
        got = 0
        for piece in read_slowly(session, 0.09):
            got += len(piece)
            if timed_out(server):
                break
            assert got < 400_000, "octets of one reply have kept the session alive"
    assert timed_out(server)


def test_reply_that_is_read_slowly(popd):
    """At a speed that is low but fit for use a message comes whole, however long it takes."""
    message = b"\n" + b"x\n" * 200_000
    server = popd("--idle-timeout", "4", prepare=lambda server: fill(server.maildir(), [message]))
    with SmallWindow(server.port) as session:
        session.login()
        session.send(b"RETR 1\r\n")
        got = b""
        for piece in read_slowly(session, 0.02):
            got += piece
            if got.endswith(b"\r\n.\r\n"):
                break
        assert got.count(b"x\r\n") == 200_000 and got.endswith(b"\r\n.\r\n")


@pytest.mark.parametrize("is_refused", [False, True])
def test_stranger_who_does_not_stop_sending(popd, is_refused):
    """After the last reply popd reads on so that the reply is not lost, but not much of one who has not logged in."""
    server = popd("--max-sessions", "1" if is_refused else "2")
    with Dialogue(server.port).login(), Dialogue(server.port) as session:
        if is_refused:
            assert session.greeting.startswith(b"-ERR [SYS/TEMP]")
        else:
            session.ok(b"QUIT")
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        sent = 0
        try:
            while sent < 15 << 20:
                sent += session.socket.send(b"x" * 65536)
        except OSError:
            pass
        assert sent < 10 << 20, "what the buffers of the kernel hold, not more"


def test_last_reply_stuck_in_tls(popd, tmp_path):
    """The reply to QUIT is with the TLS engine, and the socket takes it not: that wait ends, too."""
    stuck = tmp_path / "stuck"
    certificates = Certificates(tmp_path)
    server = popd(
        *IDLE,
        "--max-sessions",
        "1",
        release=True,
        certificate=certificates.server,
        environment={"LD_PRELOAD": preload(tmp_path, "stuck", STUCK), "STUCK": str(stuck)},
    )
    session = SecureDialogue(server.tls_port, certificates.ca.cert)
    session.login()
    stuck.touch()
    session.send(b"QUIT\r\n")
    until(lambda: b" closed session=1 " in server.log.read_bytes(), "the session has ended", 10)
    stuck.unlink()
    session.close()
