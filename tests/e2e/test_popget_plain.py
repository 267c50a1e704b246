"""popget built without mbedTLS and SQLite: it fetches in the clear where that is allowed, and says what it lacks
elsewhere.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os

import pytest

from mails import small, stored
from minipop import MiniPop
from programs import EX_IOERR, EX_REFUSED, EX_USAGE, popget

pytestmark = pytest.mark.skipif(
    "EPOP_POPGET_PLAIN" not in os.environ, reason="no popget without mbedTLS: EPOP_POPGET_PLAIN"
)


@pytest.mark.parametrize("options", [(), ("--tls", "never"), ("--tls", "optional"), ("--auth", "USER")])
def test_fetches(tmp_path, options):
    with MiniPop(small()) as server:
        popget("--maildir", tmp_path / "in", *options, port=server.port, release="PLAIN")
        assert len(stored(tmp_path / "in")) == len(small())


@pytest.mark.parametrize(
    "status, scheme, options",
    [
        (EX_USAGE, "pops", []),
        (EX_USAGE, "pop", ["--ca", "ca.pem"]),
        (EX_USAGE, "pop", ["--allow-cleartext", "--auth", "SCRAM-SHA-256"]),
        (EX_USAGE, "pop", ["--allow-cleartext", "--auth", "APOP"]),
        (EX_REFUSED, "pop", []),
        (EX_REFUSED, "pop", ["--allow-cleartext", "--tls", "required"]),
    ],
)
def test_says_what_is_missing(status, scheme, options):
    """Before anybody is connected to."""
    with MiniPop(small()) as server:
        done = popget("--list", port=server.port, scheme=scheme, options=options, status=status, release="PLAIN")
        assert b"built without mbedTLS" in done.stderr and b"meson -Dmbedtls=enabled" in done.stderr
        assert server.verbs() == []


@pytest.mark.parametrize("options", [["--tls", "never"], ["--tls", "optional"]])
def test_no_password_in_the_clear(options):
    with MiniPop(small()) as server:
        done = popget("--list", port=server.port, options=options, status=EX_REFUSED, release="PLAIN")
        assert b"EPOP_ERR_LOGIN_CLEARTEXT" in done.stderr
        assert not {b"USER", b"PASS", b"APOP", b"AUTH"} & set(server.verbs())


def test_state_without_sqlite(tmp_path):
    """A new file is a log; a database is told apart, and left alone."""
    with MiniPop(small()) as server:
        for _ in range(2):
            popget("--maildir", tmp_path / "in", "--state", tmp_path / "log", port=server.port, release="PLAIN")
        assert len(stored(tmp_path / "in")) == len(small())
        assert (tmp_path / "log").read_bytes().startswith(b"popget state log 1\n")
        popget("--maildir", tmp_path / "in", "--state", tmp_path / "database", port=server.port)
        database = (tmp_path / "database").read_bytes()
        assert database.startswith(b"SQLite format 3\0")
        server.commands.clear()
        done = popget(
            "--maildir", tmp_path, "--state", tmp_path / "database", port=server.port, status=EX_IOERR, release="PLAIN"
        )
        assert b"without libsqlite3" in done.stderr and server.commands == []
        assert (tmp_path / "database").read_bytes() == database
