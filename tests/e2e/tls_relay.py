"""A man in the middle of TLS: a certificate of its own towards the client, a connection of its own to the server.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import binascii
import socket
import threading

from acceptor import Acceptor
from dialogue import trusting
from tlspop import tls_server


class TlsRelay:
    """Passes lines on; `alter` may change those of the server. `upward` is all that the clients said."""

    def __init__(self, certificate, port, ca, alter=None):
        self.context = tls_server(certificate)
        self.target = port
        self.ca = ca
        self.alter = alter or (lambda line: line)
        self.upward = b""
        self.acceptor = Acceptor(self._relay)
        self.port = self.acceptor.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.acceptor.close()

    def messages(self):
        """What the clients said in base64, decoded."""
        out = []
        for word in self.upward.split():
            try:
                out.append(base64.b64decode(word, validate=True))
            except binascii.Error:
                pass
        return out

    def _relay(self, connection):
        try:
            client = self.context.wrap_socket(connection, server_side=True)
            server = trusting(self.ca).wrap_socket(
                socket.create_connection(("127.0.0.1", self.target)), server_hostname="localhost"
            )
        except OSError:
            connection.close()
            return
        threading.Thread(target=self._upward, args=(client, server), daemon=True).start()
        try:
            for line in server.makefile("rb"):
                client.sendall(self.alter(line))
        except OSError:
            pass
        _end(client, server)

    def _upward(self, client, server):
        try:
            while data := client.recv(65536):
                self.upward += data
                server.sendall(data)
        except OSError:
            pass
        _end(server, client)


def _end(*ends):
    for end in ends:
        try:
            # The other thread may sit in recv on it; close alone would leave the connection open until then.
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()
