"""A small POP3 server in a thread, correct unless a test tells it to lie.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import socket
import struct

from acceptor import Acceptor
from mails import sent_by_epop
from programs import PASSWORD


def stuffed(wire):
    """A message as RETR sends it, with its final dot line."""
    lines = wire.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n"


class MiniPop:
    """Serves `messages` (as stored) to user alice. `overrides` maps a verb in capitals, or "GREETING", to the octets of
    the answer, or to a function of (session, argument) that returns them; None there means: answer as usual, and b""
    say nothing. `commands` has what the clients sent, `heard` every octet of it; `pipelined` is true once a command
    came before the one before it was answered. `on_dele` is called with the number at every DELE; what it asserts
    fails the test."""

    def __init__(self, messages=(), capabilities=(b"TOP", b"UIDL", b"USER", b"RESP-CODES", b"PIPELINING"), **overrides):
        self.maildrop = {number: sent_by_epop(raw) for number, raw in enumerate(messages, 1)}
        self.capabilities = capabilities
        self.overrides = overrides
        self.commands = []
        self.heard = b""
        self.pipelined = False
        self.failures = []
        self.on_dele = None
        self.acceptor = Acceptor(lambda connection: self.session(connection).run())
        self.port = self.acceptor.port

    def session(self, connection):
        return Session(self, connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.acceptor.close()
        assert self.failures == [], self.failures

    def verbs(self):
        return [command.split(b" ")[0].upper() for command in self.commands]


class Session:
    def __init__(self, server, connection):
        self.server = server
        self.socket = connection
        self.received = b""
        self.marked = set()
        self.open = True

    def send(self, octets):
        self.socket.sendall(octets)

    def end(self, reset=False):
        """Hangs up, as seen by the client: in order or by a reset."""
        self.open = False
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def line(self):
        """The next command without its CRLF, or None at the end."""
        while b"\r\n" not in self.received:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.server.heard += piece
            self.received += piece
        line, _, self.received = self.received.partition(b"\r\n")
        self.server.pipelined |= self.received != b""
        return line

    def run(self):
        try:
            greeting = self._override("GREETING", b"")
            self.send(b"+OK mini ready\r\n" if greeting is None else greeting)
            while self.open and (line := self.line()) is not None:
                self.server.commands.append(line)
                verb, _, argument = line.partition(b" ")
                answer = self._override(verb.upper().decode(), argument)
                if answer is None:
                    answer = self.usual(verb.upper(), argument)
                self.send(answer)
        except OSError:
            pass  # the client has gone, which is its right
        except AssertionError as failure:
            self.server.failures.append(failure)
        finally:
            self.socket.close()

    def _override(self, name, argument):
        override = self.server.overrides.get(name)
        return override(self, argument) if callable(override) else override

    def usual(self, verb, argument):
        """What a correct server answers."""
        known = {
            b"CAPA": self._capa,
            b"USER": self._fine,
            b"PASS": self._pass,
            b"NOOP": self._fine,
            b"STAT": self._stat,
            b"LIST": self._list,
            b"UIDL": self._uidl,
            b"RETR": self._retr,
            b"TOP": self._top,
            b"DELE": self._dele,
            b"RSET": self._rset,
            b"QUIT": self._quit,
        }
        return known.get(verb, lambda _: b"-ERR unknown\r\n")(argument)

    @staticmethod
    def _fine(_):
        return b"+OK\r\n"

    def _capa(self, _):
        return b"+OK\r\n" + b"".join(line + b"\r\n" for line in self.server.capabilities) + b".\r\n"

    @staticmethod
    def _pass(argument):
        return b"+OK welcome\r\n" if argument == PASSWORD.encode() else b"-ERR [AUTH] no\r\n"

    def _visible(self):
        return {n: wire for n, wire in sorted(self.server.maildrop.items()) if n not in self.marked}

    def _stat(self, _):
        visible = self._visible()
        return b"+OK %d %d\r\n" % (len(visible), sum(map(len, visible.values())))

    def _listing(self, argument, row):
        visible = self._visible()
        if argument:
            number = int(argument)
            return b"+OK " + row(number) + b"\r\n" if number in visible else b"-ERR none\r\n"
        return b"+OK\r\n" + b"".join(row(number) + b"\r\n" for number in visible) + b".\r\n"

    def _list(self, argument):
        return self._listing(argument, lambda n: b"%d %d" % (n, len(self.server.maildrop[n])))

    def _uidl(self, argument):
        return self._listing(argument, lambda n: b"%d uid-%d" % (n, n))

    def _retr(self, argument):
        wire = self._visible().get(int(argument))
        return b"-ERR none\r\n" if wire is None else b"+OK %d octets\r\n" % len(wire) + stuffed(wire)

    def _top(self, argument):
        number, lines = map(int, argument.split())
        wire = self._visible().get(number)
        if wire is None:
            return b"-ERR none\r\n"
        header, blank, body = wire.partition(b"\r\n\r\n")
        return b"+OK\r\n" + stuffed(header + blank + b"".join(body.splitlines(keepends=True)[:lines]))

    def _dele(self, argument):
        if self.server.on_dele:
            self.server.on_dele(int(argument))
        self.marked.add(int(argument))
        return b"+OK\r\n"

    def _rset(self, _):
        self.marked.clear()
        return b"+OK\r\n"

    def _quit(self, _):
        for number in self.marked:
            self.server.maildrop.pop(number, None)
        self.end()
        return b"+OK\r\n"
