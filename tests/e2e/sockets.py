"""How far the peer on the same machine has read: so that octets can be sent in pieces that arrive in pieces.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import pathlib
import socket

from deadline import until


def unread(port, peer):
    """Octets that wait in the socket of 127.0.0.1:port whose other end is 127.0.0.1:peer; None where it has gone."""
    for name in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            ends = [int(end.rpartition(":")[2], 16) for end in fields[1:3]]
            if ends == [port, peer]:
                return int(fields[4].partition(":")[2], 16)
    return None


def pieces(connection, *parts):
    """Sends each part when the peer has read what was before it. False where the peer has gone meanwhile."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    here = connection.getsockname()[1]
    there = connection.getpeername()[1]
    for part in filter(None, parts):
        try:
            connection.sendall(part)
        except OSError:
            return False
        until(lambda: not unread(there, here), "the peer reads")
    return True
