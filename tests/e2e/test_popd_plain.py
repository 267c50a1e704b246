"""popd built without mbedTLS: it serves in the clear, and says what it lacks where that is asked for.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

import scram
from dialogue import Dialogue
from mails import fill, sent_by_epop, small
from programs import EX_UNAVAILABLE, EX_USAGE, PASSWORD, program
from secure_popd import token_line

EX_CONFIG = 78
KEY = "alice:{SCRAM-SHA-256}4096,AAAAAAAAAAAAAAAAAAAAAA==," + ",".join(["A" * 43 + "="] * 2)

pytestmark = pytest.mark.skipif("EPOP_POPD_PLAIN" not in os.environ, reason="no popd without mbedTLS: EPOP_POPD_PLAIN")


def test_serves(popd):
    server = popd(release="PLAIN", prepare=lambda server: fill(server.maildir(), small()))
    with Dialogue(server.port) as session:
        rows = session.listing(b"CAPA")
        assert b"SASL PLAIN LOGIN" in rows and b"USER" in rows and b"STLS" not in rows
        session.refused(b"STLS")
        session.login()
        assert session.message(1) == sent_by_epop(small()[0])
    for password, right in ((PASSWORD, True), ("wrong", False)):
        with Dialogue(server.port) as session:
            plain = scram.b64(b"\0alice\0" + password.encode())
            assert session.command(b"AUTH PLAIN " + plain).startswith(b"+OK" if right else b"-ERR [AUTH]")


def test_nobody_is_in_without_a_word(popd):
    """The safe choice is the same as with TLS, and the log tells why nobody can log in."""
    server = popd(release="PLAIN", cleartext=False)
    with Dialogue(server.port) as session:
        rows = session.listing(b"CAPA")
        assert b"USER" not in rows and not any(row.startswith(b"SASL") for row in rows)
        session.refused(b"USER alice")
        session.refused(b"AUTH PLAIN")
    assert b"meson -Dmbedtls=enabled" in server.log.read_bytes()


@pytest.mark.parametrize(
    "status, options, line",
    [
        (EX_UNAVAILABLE, ["--cert", "cert.pem", "--key", "key.pem"], None),
        (EX_UNAVAILABLE, ["--listen-tls", "127.0.0.1:0"], None),
        (EX_UNAVAILABLE, ["--hash-password"], None),
        (EX_USAGE, ["--mechanisms", "PLAIN,SCRAM-SHA-256"], None),
        (EX_CONFIG, [], KEY),
        (EX_CONFIG, [], token_line("alice")),
    ],
)
def test_says_what_is_missing(tmp_path, status, options, line):
    users = tmp_path / "users"
    users.write_text(f"{line or 'alice:{PLAIN}x'}\n")
    users.chmod(0o600)
    command = [program("popd", "PLAIN"), "--root", str(tmp_path), "--users", str(users), "--listen", "127.0.0.1:0"]
    done = subprocess.run([*command, *options], input=b"secret\n", capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert b"built without mbedTLS" in done.stderr and b"meson -Dmbedtls=enabled" in done.stderr
    assert done.stdout == b""
