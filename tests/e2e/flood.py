#!/usr/bin/env python3
"""Many connections from 127.0.0.1 that do nothing but ask for logins: a program of its own, so that it takes no time
from the one that measures.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: flood.py PORT KIND CONNECTIONS
It runs until standard input ends, and prints then how many replies came. A connection that popd closes is opened again.
"""
import selectors
import socket
import subprocess
import sys

from deadline import PATIENCE
from dialogue import Dialogue

KINDS = {
    # Each of them makes a server that is not careful compute the hash of a password.
    "password": b"USER alice\r\nPASS wrong\r\n",
    "stranger": b"USER nobody\r\nPASS wrong\r\n",
    "cancelled": b"AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiY2RlZmdo\r\n*\r\nCAPA\r\n",
    "cancelled-stranger": b"AUTH SCRAM-SHA-256 biwsbj1ub2JvZHkscj1hYmNkZWZnaA==\r\n*\r\nCAPA\r\n",
}
AT_ONCE = 64 * 1024


class Elsewhere(Dialogue):
    """A client at another address than the flood's."""

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port), PATIENCE, ("127.0.0.2", 0))


class Connection:
    """One of them: sends as fast as it is taken, and reads whatever comes."""

    def __init__(self, port, text):
        self.text = text * (AT_ONCE // len(text))
        self.at = 0
        self.replies = 0
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)

    def read(self):
        octets = self.socket.recv(AT_ONCE)
        self.replies += octets.count(b"-ERR") + octets.count(b"+OK")
        return len(octets)

    def write(self):
        self.at = (self.at + self.socket.send(self.text[self.at :])) % len(self.text)


class Crowd:
    def __init__(self, port, text, count):
        self.port = port
        self.text = text
        self.replies = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        for _ in range(count):
            self.open()

    def open(self):
        try:
            connection = Connection(self.port, self.text)
        except OSError:
            return
        self.selector.register(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)

    def reopen(self, connection):
        self.replies += connection.replies
        self.selector.unregister(connection.socket)
        connection.socket.close()
        self.open()

    def serve(self, connection, events):
        try:
            if events & selectors.EVENT_WRITE:
                connection.write()
            if events & selectors.EVENT_READ and connection.read() == 0:
                self.reopen(connection)
        except BlockingIOError:
            pass
        except OSError:
            self.reopen(connection)

    def run(self):
        while True:
            for key, events in self.selector.select():
                if key.data is None:
                    return self.total()
                self.serve(key.data, events)

    def total(self):
        return self.replies + sum(key.data.replies for key in self.selector.get_map().values() if key.data)


class Flood:
    """Runs that program while the block lasts; `replies` is known afterwards."""

    def __init__(self, port, kind, connections):
        self.command = [sys.executable, __file__, str(port), kind, str(connections)]
        self.process = None
        self.replies = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        said, _ = self.process.communicate()
        self.replies = int(said or 0)


if __name__ == "__main__":
    print(Crowd(int(sys.argv[1]), KINDS[sys.argv[2]], int(sys.argv[3])).run())
