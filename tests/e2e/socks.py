"""A small SOCKS proxy in a thread (RFC 1928, RFC 1929), correct unless a test tells it to lie.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import ipaddress
import socket
import threading
import time

from acceptor import Acceptor


def exactly(connection, count):
    octets = b""
    while len(octets) < count:
        piece = connection.recv(count - len(octets))
        if not piece:
            raise OSError("ended")
        octets += piece
    return octets


class Socks:
    """Connects to `targets`, a table of (name, port) as asked for to real addresses, or to what was asked for. `user` is
    (name, password), if it wants one. `lies` has octets, or a function of the connection, in place of "method",
    "login" or "reply"; after them it hangs up. Each of its octets comes alone where `slow` has seconds. `asked` has what
    was asked for: type of address, host, port."""

    def __init__(self, targets=(), user=None, slow=0, **lies):
        self.targets = dict(targets)
        self.user = user
        self.slow = slow
        self.lies = lies
        self.asked = []
        self.logins = []
        self.methods = []
        self.acceptor = Acceptor(self._run)
        self.peers = self.acceptor.peers
        self.port = self.acceptor.port

    def url(self, user="", scheme="socks5"):
        return f"{scheme}://{user}127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.acceptor.close()

    def _send(self, connection, octets):
        for i in range(len(octets) if self.slow else 0):
            connection.sendall(octets[i : i + 1])
            time.sleep(self.slow)
        if not self.slow:
            connection.sendall(octets)

    def _lie(self, connection, name):
        if name not in self.lies:
            return
        octets = self.lies[name]
        self._send(connection, octets(connection) if callable(octets) else octets)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
        raise OSError("lied")

    def _run(self, connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._talk(connection)
        except OSError:
            connection.close()

    def _talk(self, connection):
        version, count = exactly(connection, 2)
        methods = exactly(connection, count)
        assert version == 5
        self.methods.append(methods)
        self._lie(connection, "method")
        if self.user and b"\x02"[0] not in methods:
            self._send(connection, b"\x05\xff")
            raise OSError("refused")
        self._send(connection, b"\x05\x02" if self.user else b"\x05\x00")
        if self.user:
            self._log_in(connection)
        self._connect(connection)

    def _log_in(self, connection):
        assert exactly(connection, 1) == b"\x01"
        name = exactly(connection, exactly(connection, 1)[0])
        password = exactly(connection, exactly(connection, 1)[0])
        self.logins.append((name, password))
        self._lie(connection, "login")
        good = (name.decode(), password.decode()) == self.user
        self._send(connection, b"\x01\x00" if good else b"\x01\x01")
        if not good:
            raise OSError("refused")

    def _connect(self, connection):
        version, command, _, kind = exactly(connection, 4)
        assert (version, command) == (5, 1)
        if kind == 3:
            host = exactly(connection, exactly(connection, 1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(exactly(connection, 4 if kind == 1 else 16)))
        port = int.from_bytes(exactly(connection, 2), "big")
        self.asked.append((kind, host, port))
        self._lie(connection, "reply")
        try:
            server = socket.create_connection(self.targets.get((host, port), (host, port)))
        except OSError:
            self._send(connection, b"\x05\x05\x00\x01" + bytes(6))
            raise
        # The greeting follows the reply in one piece where the server is quick: nobody may read too far.
        self._send(connection, b"\x05\x00\x00\x03\x04name\x00\x01" if kind == 3 else b"\x05\x00\x00\x04" + bytes(18))
        threading.Thread(target=self._pump, args=(server, connection), daemon=True).start()
        self._pump(connection, server)

    @staticmethod
    def _pump(source, sink):
        try:
            while octets := source.recv(65536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
