"""How long popget waits for a server, and a server for popget: deadlines that no octet moves, and NOOP meanwhile.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import fcntl
import socket
import threading
import time

import pytest

from certificates import Certificates
from mails import small, stored
from minipop import MiniPop
from programs import EX_OK, EX_TEMPFAIL, popget

TIMEOUT = 2  # seconds; a server that drips sends an octet four times a second


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def drip(session, octets, pause=0.25):
    for at in range(len(octets)):
        session.send(octets[at : at + 1])
        time.sleep(pause)


def dripping(octets, first=b""):
    def override(session, argument):
        session.send(first)
        drip(session, octets * 400)
        return b""

    return override


@pytest.mark.parametrize(
    "what, override",
    [
        ("GREETING", dripping(b"x", b"+OK ")),
        ("CAPA", dripping(b"x", b"+OK\r\nX-")),
        ("CAPA", dripping(b"X\r\n", b"+OK\r\n")),
        ("UIDL", dripping(b"x", b"+OK\r\n1 ")),
        ("RETR", dripping(b"x", b"+OK\r\n")),
        ("RETR", dripping(b"\r\n", b"+OK\r\n")),
        ("QUIT", dripping(b"x", b"+OK ")),
    ],
)
def test_dripping_server(tmp_path, what, override):
    """One octet now and then is no progress. (After 100 seconds this server would say something else.)"""
    with MiniPop(small(1), **{what: override}) as server:
        begun = time.monotonic()
        done = popget("--maildir", tmp_path / "in", "--timeout", TIMEOUT, port=server.port, status=None, timeout=80)
        assert time.monotonic() - begun < 60
        assert done.returncode == (EX_OK if what == "QUIT" else EX_TEMPFAIL), done.stderr


@pytest.mark.parametrize("implicit", [True, False])
def test_dripping_handshake(tmp_path, certificates, implicit):
    """A record of a handshake, octet by octet."""
    record = b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc" + bytes(4092)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        try:
            if not implicit:
                connection.sendall(b"+OK\r\n")
                for answer in (b"+OK\r\nSTLS\r\n.\r\n", b"+OK begin\r\n"):
                    connection.recv(100)
                    connection.sendall(answer)
            for octet in record:
                connection.sendall(bytes([octet]))
                time.sleep(0.25)
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        port = listener.getsockname()[1]
        options = ["--ca", certificates.ca.cert, "--timeout", TIMEOUT]
        scheme = "pops" if implicit else "pop"
        popget("--list", options=options, port=port, scheme=scheme, status=EX_TEMPFAIL, timeout=60)


def test_slow_is_not_dead(tmp_path):
    """100 octets a second for three times the timeout."""

    def slow(session, argument):
        session.send(b"+OK\r\nSubject: slow\r\n\r\n")
        for _ in range(60):
            session.send(b"01234567\r\n")
            time.sleep(0.1)
        return b".\r\n"

    with MiniPop(small(1), RETR=slow) as server:
        popget("--maildir", tmp_path / "in", "--timeout", TIMEOUT, port=server.port)
        assert b"01234567\n" * 60 in stored(tmp_path / "in")[0]


class Impatient(MiniPop):
    """Hangs up after so many seconds without a command; calls `on_noop` with the number of NOOPs so far."""

    def __init__(self, messages, on_noop, seconds=6, **overrides):
        self.noops = 0

        def noop(session, argument):
            self.noops += 1
            on_noop(self.noops)

        self.seconds = seconds
        super().__init__(messages, NOOP=noop, **overrides)

    def session(self, connection):
        connection.settimeout(self.seconds)
        return super().session(connection)


def test_kept_alive_while_a_command_runs(tmp_path):
    """The command ends when the server has heard two NOOPs (or after a minute)."""
    flag = tmp_path / "two"
    server = Impatient(small(2), lambda count: count < 2 or flag.touch())
    command = f"i=0; while ! test -e {flag} && test $i -lt 600; do sleep 0.1; i=$((i+1)); done; cat >> {tmp_path}/got"
    with server:
        popget("--delete", "--keep-alive", 1, "--exec", command, port=server.port)
        assert server.noops >= 2 and server.maildrop == {}
    assert (tmp_path / "got").read_bytes() == b"".join(small(2))


def test_kept_alive_while_the_mbox_is_locked(tmp_path):
    box = tmp_path / "box"
    box.touch()
    with open(box, "r+b") as locked:
        fcntl.lockf(locked, fcntl.LOCK_EX)
        server = Impatient(small(2), lambda count: count < 2 or fcntl.lockf(locked, fcntl.LOCK_UN))
        with server:
            popget("--delete", "--keep-alive", 1, "--mbox", box, port=server.port)
            assert server.noops >= 2 and server.maildrop == {}
    assert box.read_bytes().count(b"\nFrom ") == 1


def test_many_commands(tmp_path):
    """More messages than wait at a time, each once and in order, from a server that sends them all at once."""
    messages = small(300)
    with MiniPop(messages) as server:
        popget("--delete", "--exec", f"cat >> {tmp_path}/got", port=server.port)
        assert server.maildrop == {}
    assert (tmp_path / "got").read_bytes() == b"".join(messages)


def test_many_for_a_locked_mbox(tmp_path):
    """More than a batch while the lock is held: it is released when the server hears of popget no more for a while, or
    by the end of what it has to send."""
    box = tmp_path / "box"
    box.touch()
    with open(box, "r+b") as locked:
        fcntl.lockf(locked, fcntl.LOCK_EX)
        threading.Timer(3, lambda: fcntl.lockf(locked, fcntl.LOCK_UN)).start()
        with MiniPop(small(300)) as server:
            popget("--delete", "--keep-alive", 1, "--mbox", box, port=server.port)
            assert server.maildrop == {}
        assert box.read_bytes().count(b"From MAILER-DAEMON") == 300


def test_commands_end_though_the_server_hangs_up(tmp_path):
    """What is whole is handed over, however the session ends."""

    def hang_up(session, argument):
        if argument == b"4":
            session.end()
            return b""

    with MiniPop(small(4), RETR=hang_up) as server:
        popget("--exec", f"sleep 0.2; cat >> {tmp_path}/got", port=server.port, status=EX_TEMPFAIL)
    assert (tmp_path / "got").read_bytes() == b"".join(small(3))
