"""A POP3 client of sockets and lines, which can say what no client says.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import socket
import ssl
import struct

from deadline import PATIENCE
from programs import PASSWORD


class Dialogue:
    """One connection. Lines are bytes without their CRLF; every read has a deadline."""

    def __init__(self, port):
        self.socket = self.connect(port)
        self.reader = self.socket.makefile("rb")
        self.greeting = self.line()

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port), PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        """The next line, or None where the connection ended."""
        line = self.reader.readline()
        if not line:
            return None
        assert line.endswith(b"\r\n"), f"a line without CRLF: {line[-80:]!r}"
        return line[:-2]

    def command(self, text):
        self.send(text + b"\r\n")
        return self.line()

    def ok(self, text):
        answer = self.command(text)
        assert answer is not None and answer.startswith(b"+OK"), f"{text!r} was answered by {answer!r}"
        return answer

    def refused(self, text):
        answer = self.command(text)
        assert answer is not None and answer.startswith(b"-ERR"), f"{text!r} was answered by {answer!r}"
        return answer

    def rows(self):
        """The lines of a multi-line response, dots unstuffed."""
        out = []
        while (line := self.line()) != b".":
            assert line is not None, "the connection ended within a response"
            out.append(line[1:] if line.startswith(b".") else line)
        return out

    def listing(self, text):
        self.ok(text)
        return self.rows()

    def message(self, number):
        return b"".join(line + b"\r\n" for line in self.listing(b"RETR %d" % number))

    def login(self, user=b"alice", password=PASSWORD.encode()):
        self.ok(b"USER " + user)
        self.ok(b"PASS " + password)
        return self

    def ended(self):
        """True when the server has closed the connection, whatever it still had to say."""
        try:
            while self.reader.read(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Vanishes: the peer sees a reset, not an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()


def trusting(ca):
    """What a client that trusts this authority knows of TLS."""
    return ssl.create_default_context(cafile=str(ca))


class SecureDialogue(Dialogue):
    """The same with TLS from the first octet."""

    def __init__(self, port, ca):
        self.context = trusting(ca)
        super().__init__(port)

    def connect(self, port):
        return self.context.wrap_socket(super().connect(port), server_hostname="localhost")

    def certificate(self):
        return self.socket.getpeercert(binary_form=True)

    def unique(self):
        """tls-unique (RFC 5929), which TLS 1.3 does not have."""
        assert self.socket.version() == "TLSv1.2"
        return self.socket.get_channel_binding("tls-unique")
