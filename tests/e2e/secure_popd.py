"""popd with TLS, both ways, for many tests: users with passwords in the clear and hashed, and users with tokens.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import hashlib

from certificates import Certificates
from mails import fill, sent_by_epop, stored
from programs import PASSWORD, Popd

TOKEN = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg-s3cr3t"
SASL = (
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "CRAM-MD5",
    "PLAIN",
    "LOGIN",
    "OAUTHBEARER",
    "XOAUTH2",
)
ALL = (*SASL, "APOP", "USER")


def token_line(user, token=TOKEN):
    return f"{user}:{{BEARER-SHA256}}{hashlib.sha256(token.encode()).hexdigest()}"


class SecurePopd:
    """user1 to user100 have PASSWORD, token1 to token60 have TOKEN."""

    name = "popd"

    def __init__(self, folder, mechanisms=ALL):
        folder.joinpath("certificates").mkdir()
        self.certificates = Certificates(folder / "certificates")
        self.ca = self.certificates.ca.cert
        passwords = [f"user{n}" for n in range(1, 101)]
        tokens = [f"token{n}" for n in range(1, 61)]
        lines = [f"{name}:{{PLAIN}}{PASSWORD}" for name in passwords] + [token_line(name) for name in tokens]
        self.popd = Popd(
            folder,
            "--mechanisms",
            ",".join(mechanisms),
            users=(*passwords, *tokens),
            lines=lines,
            cleartext=False,
            certificate=self.certificates.server,
        ).start()
        self.port = self.popd.port
        self.tls_port = self.popd.tls_port
        self.free = {"user": iter(passwords), "token": iter(tokens)}

    def user(self, messages, mechanism=""):
        name = next(self.free["token" if is_token(mechanism) else "user"])
        fill(self.popd.maildir(name), messages)
        return name

    def token(self, _):
        return TOKEN

    def left(self, user):
        return len(stored(self.popd.maildir(user)))

    @staticmethod
    def sent(raw):
        return sent_by_epop(raw)

    def stop(self):
        self.popd.stop()
        log = self.popd.log.read_bytes()
        assert TOKEN.encode() not in log, "a token is in the log of popd"


def is_token(mechanism):
    return mechanism in ("OAUTHBEARER", "XOAUTH2")
