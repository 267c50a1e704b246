"""popget against Cyrus, which binds a login to TLS 1.2 by tls-unique and by nothing else.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import pytest

from cyrus import Cyrus
from programs import EX_OK, EX_REFUSED, popget

WRONG = "wr0ng-Pa55word"


@pytest.fixture(scope="module")
def server():
    running = Cyrus()
    yield running
    running.stop()


def login(server, *options, scheme="pops", **more):
    port = server.tls_port if scheme == "pops" else server.port
    return popget("--list", "--ca", server.ca, *options, port=port, scheme=scheme, options=(), **more)


@pytest.mark.parametrize("scheme", ["pops", "pop"])
@pytest.mark.parametrize(
    "options",
    [(), *(("--auth", name) for name in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"))],
    ids=lambda options: options[-1] if options else "strongest",
)
def test_right_password(server, scheme, options):
    login(server, *options, scheme=scheme, status=EX_OK)


@pytest.mark.parametrize("options", [(), ("--auth", "SCRAM-SHA-256-PLUS")], ids=["strongest", "named"])
def test_refusal_of_a_bound_login_names_the_way_round(server, options):
    """A server that wants another type of binding says no more than one that did not like the password."""
    done = login(server, *options, password=WRONG, status=EX_REFUSED)
    assert b"--auth SCRAM-SHA-256 " in done.stderr, done.stderr


def test_refusal_of_another_login_does_not(server):
    done = login(server, "--auth", "SCRAM-SHA-256", password=WRONG, status=EX_REFUSED)
    assert b"--auth" not in done.stderr, done.stderr
