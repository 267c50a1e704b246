"""A free port of 127.0.0.1, and a thread for every connection that comes there.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import contextlib
import socket
import threading


class Acceptor:
    """Calls `serve` with each connection, in a thread of its own. `peers` has the addresses that they came from."""

    def __init__(self, serve):
        self.serve = serve
        self.peers = []
        self.is_closing = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            if self.is_closing:
                connection.close()
                return
            self.peers.append(peer[0])
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def close(self):
        """Ends the thread first: if it were left in accept, it might wake up with the number of a newer listener, and take
        the connections of that one. A connection of our own wakes it on every system."""
        self.is_closing = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()
        self.listener.close()
