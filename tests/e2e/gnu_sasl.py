"""GNU SASL's gsasl as a client of one exchange, and openssl s_client as the TLS below where a channel is to be bound.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import contextlib
import re
import subprocess

from deadline import PATIENCE
from dialogue import Dialogue
from peers import peer
from scram import b64


class Gsasl:
    """`gsasl --client` behind pipes: it prints its messages in base64, and reads those of the server."""

    def __init__(self, mechanism, user, password, exporter=b""):
        command = ["timeout", "60", peer("gsasl"), "--client", "--quiet", "-m", mechanism]
        self.process = subprocess.Popen(
            [*command, "-a", user, "-p", password],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._line() == mechanism.encode()
        if mechanism.startswith("SCRAM"):
            self._say(b64(exporter))
            if not exporter:
                self._say(b"")  # no tls-unique either
        if mechanism == "CRAM-MD5":
            assert self._line() == b"", "the server speaks first"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def _say(self, line):
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def _line(self):
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), f"gsasl ended: {line!r} {self.process.stderr.read()!r}"
        # Questions stand before the answer, on the same line.
        return line.strip().rpartition(b" ")[2]

    def first(self):
        return self._line()

    def answer(self, challenge):
        self._say(challenge)
        return self._line()


def authenticate(session, gsasl, mechanism, client_first):
    """The exchange over a connection to a server; its last answer."""
    if client_first:
        line = session.command(b"AUTH " + mechanism.encode() + b" " + gsasl.first())
    else:
        line = session.command(b"AUTH " + mechanism.encode())
    while line.startswith(b"+ "):
        line = session.command(gsasl.answer(line[2:]))
    return line


class SClient(Dialogue):
    """A connection by openssl s_client, which tells the keying material of RFC 9266; Python's ssl module does not."""

    def __init__(self, port, ca, starttls=False):
        command = ["timeout", "120", peer("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(ca)]
        command += ["-nocommands", "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32", "-crlf"]
        command += ["-starttls", "pop3"] if starttls else []
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.reader = self.process.stdout
        self.exporter = self._material()
        self.greeting = None if starttls else self.line()

    def _material(self):
        for line in self.reader:
            if match := re.match(rb" *Keying material: ([0-9A-F]{64})", line):
                break
        else:
            raise AssertionError("openssl s_client tells no keying material")
        for line in self.reader:
            if line == b"---\n":
                return bytes.fromhex(match.group(1).decode())
        raise AssertionError("openssl s_client ended")

    def send(self, octets):
        self.process.stdin.write(octets.replace(b"\r\n", b"\n"))
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdin.close()
        self.reader.close()
