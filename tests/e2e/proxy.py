"""A TCP relay that cuts a connection after a chosen number of octets.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import socket
import struct
import threading

from acceptor import Acceptor


class CuttingProxy:
    """Listens on a free port and relays to `port`.

    After `cut` octets from the server, counted over all connections (None: never), the connection in use ends, by a
    reset or in order. Later ones are left alone. `relayed` counts the octets from the server.
    """

    def __init__(self, port, cut=None, reset=False):
        self.target = port
        self.cut = cut
        self.reset = reset
        self.relayed = 0
        self.acceptor = Acceptor(self._relay)
        self.port = self.acceptor.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.acceptor.close()

    def _relay(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self._upstream, args=(client, server), daemon=True).start()
        try:
            while data := server.recv(65536):
                data, ended = self._until_cut(data)
                self.relayed += len(data)
                client.sendall(data)
                if ended:
                    self._make_resets(client, server)
                    break
        except OSError:
            pass
        self._end(client, server)

    def _until_cut(self, data):
        """What of the data goes through, and whether the connection ends behind it."""
        if self.cut is None or self.relayed + len(data) < self.cut:
            return data, False
        data = data[: self.cut - self.relayed]
        self.cut = None
        return data, True

    def _make_resets(self, *sockets):
        for end in sockets if self.reset else ():
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _upstream(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def _end(*sockets):
        for end in sockets:
            try:
                # The other thread may sit in recv on it; close alone would leave the connection open until then.
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
