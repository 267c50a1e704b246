"""A small POP3 server with TLS and SASL, correct unless a test tells it to lie; it remembers every octet it was told.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import binascii
import hmac
import json
import ssl

import scram
from minipop import MiniPop, Session
from programs import PASSWORD

CHALLENGE = b"<1896.697170952@pop.example.net>"


def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


def tells(octets, *secrets):
    """Which of the secrets can be read in these octets, as they are or in base64."""
    texts = [octets]
    for word in octets.split():
        try:
            texts.append(base64.b64decode(word, validate=True))
        except (binascii.Error, ValueError):
            pass
    return [secret for secret in secrets if any(secret.encode() in text for text in texts)]


def stop(*_):
    raise ConnectionAbortedError


class TlsSession(Session):
    """`said` has the messages of the client in SASL exchanges, decoded."""

    def start_tls(self, certificate=None):
        self.socket = tls_server(certificate or self.server.certificate).wrap_socket(self.socket, server_side=True)
        self.received = b""
        # Python shakes no hands where the client has reset the connection already, and does not say so.
        self.server.secured += self.socket.version() is not None

    def run(self):
        if not self.server.implicit:
            return super().run()
        try:
            self.start_tls()
        except OSError:  # what a client does that does not like the certificate
            return self.socket.close()
        return super().run()

    def _secure(self):
        return isinstance(self.socket, ssl.SSLSocket)

    def usual(self, verb, argument):
        if verb == b"STLS" and not self._secure():
            self.send(b"+OK begin\r\n")
            self.start_tls()
            return b""
        if verb == b"AUTH":
            name, _, initial = argument.partition(b" ")
            return self._auth(name.upper().decode(), initial or None)
        return super().usual(verb, argument)

    def _capa(self, _):
        lines = [*self.server.capabilities]
        if self._secure():
            lines.append(b"SASL " + " ".join(self.server.mechanisms).encode())
        elif self.server.stls:
            lines.append(b"STLS")
        return b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n"

    def answer(self, octets):
        """What the client says to this challenge, which is sent as it stands, without any base64."""
        self.send(b"+ " + octets + b"\r\n")
        line = self.line()
        if line is None:
            stop()
        self.server.commands.append(line)
        return line

    def response(self, challenge):
        line = self.answer(scram.b64(challenge))
        if line == b"*":
            self.server.cancelled += 1
            self.send(b"-ERR cancelled\r\n")
            raise Cancelled
        self.server.said.append(base64.b64decode(line, validate=True))
        return self.server.said[-1]

    def initial(self, octets):
        """The first message of a client that speaks first."""
        if octets is None:
            return self.response(b"")
        self.server.said.append(b"" if octets == b"=" else base64.b64decode(octets, validate=True))
        return self.server.said[-1]

    def _auth(self, name, octets):
        if name not in self.server.mechanisms:
            return b"-ERR no such mechanism\r\n"
        try:
            well = (self.server.auth or self.usual_auth)(self, name, octets)
        except Cancelled:
            return b""
        return b"+OK welcome\r\n" if well else b"-ERR [AUTH] no\r\n"

    @staticmethod
    def usual_auth(session, name, octets):
        if name.startswith("SCRAM"):
            return scram_auth()(session, name, octets)
        if name == "PLAIN":
            return session.initial(octets) == b"\0alice\0" + PASSWORD.encode()
        if name == "LOGIN":
            return (session.response(b"Username:"), session.response(b"Password:")) == (b"alice", PASSWORD.encode())
        if name == "CRAM-MD5":
            proof = hmac.new(PASSWORD.encode(), CHALLENGE, "md5").hexdigest().encode()
            return session.response(CHALLENGE) == b"alice " + proof
        return token_refused(session, name, octets)


class Cancelled(Exception):
    """The client has ended an exchange by an asterisk, and has its -ERR."""


def scram_auth(**lies):
    """SCRAM as it should be, but for what is said of scram.Server."""

    def auth(session, name, octets):
        exchange = scram.Server(name, PASSWORD.encode(), **lies)
        final = session.response(exchange.first(session.initial(octets)))
        session.response(exchange.final(final))
        return exchange.proven

    return auth


def token_refused(session, _, octets):
    """What OAUTHBEARER (RFC 7628 section 3.2.3) and XOAUTH2 servers say to a token that they do not take."""
    session.initial(octets)
    session.response(json.dumps({"status": "invalid_token"}).encode())
    return False


class TlsPop(MiniPop):
    """`secured` counts handshakes that came to their end, `cancelled` exchanges that the client has ended. `auth`
    replaces all mechanisms: a function of (session, mechanism, initial response or None), true where the user is in."""

    def __init__(self, certificate, messages=(), implicit=False, stls=True, mechanisms=("PLAIN",), auth=None, **more):
        self.certificate = certificate
        self.implicit = implicit
        self.stls = stls
        self.mechanisms = mechanisms
        self.auth = auth
        self.secured = 0
        self.cancelled = 0
        self.said = []
        super().__init__(messages, **more)

    def session(self, connection):
        return TlsSession(self, connection)
