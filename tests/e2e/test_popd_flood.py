"""popd while one address floods it with logins: how long others wait is measured by tests/bench/login_flood.py; here they
get in.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import pytest

from deadline import until
from flood import KINDS, Elsewhere, Flood
from programs import PASSWORD
from scram import Keys, b64

# Ten times as many as usual: one hash after another would keep everybody waiting.
ITERATIONS = 40_960


def hashed(user):
    salt = b"sixteen octets.."
    keys = Keys("SCRAM-SHA-256", PASSWORD.encode(), salt, ITERATIONS)
    secret = b",".join((b"%d" % ITERATIONS, b64(salt), b64(keys.stored), b64(keys.server)))
    return f"{user}:{{SCRAM-SHA-256}}{secret.decode()}"


@pytest.mark.parametrize("kind", KINDS)
def test_flood(popd, kind):
    """More connections than one address may have; what each of them asks for fails, and is in the log."""
    server = popd(
        "--login-failure-delay",
        "1",
        "--max-sessions-per-address",
        "50",
        lines=[hashed("alice"), hashed("bob")],
        users=("alice", "bob"),
        release=True,
    )
    with Flood(server.port, kind, 60) as flood:
        until(lambda: b" login-failed " in server.log.read_bytes(), "the flood is under way")
        with Elsewhere(server.port) as session:
            session.login(b"bob")
            session.ok(b"QUIT")
    assert flood.replies > 0
    assert b" refused " in server.log.read_bytes()
