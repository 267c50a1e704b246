"""popget logs in to Dovecot and to popd by every mechanism, over STLS and over TLS from the first octet.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import pytest

from dovecot_tls import MECHANISMS, SecureDovecot
from mails import assert_same, small, stored, with_lf
from programs import EX_OK, EX_REFUSED, EX_USAGE, PASSWORD, popget
from secure_popd import ALL, SecurePopd, is_token
from tlspop import tells

WRONG = "wr0ng-Pa55word"
WAYS = {"pop": "port", "pops": "tls_port"}
CASES = [("dovecot", mechanism) for mechanism in (*MECHANISMS, "USER")] + [("popd", mechanism) for mechanism in ALL]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Each is started when a test asks for it first."""
    kinds = {"dovecot": SecureDovecot, "popd": lambda: SecurePopd(tmp_path_factory.mktemp("popd"))}
    running = {}

    def get(name):
        if name not in running:
            running[name] = kinds[name]()
        return running[name]

    yield get
    for server in running.values():
        server.stop()


class Login:
    """One run of popget with its trace. What it said and wrote, in `public`, tells no secret."""

    def __init__(self, server, folder, *args, scheme="pops", user, password=PASSWORD, token=None, options=(), **more):
        trace = folder / "trace"
        options = ["--ca", server.ca, "--trace", trace, *options]
        if token:
            file = folder / "token"
            file.write_text(token + "\n")
            file.chmod(0o600)
            options += ["--oauth-token-file", file]
            password = None
        port = getattr(server, WAYS[scheme])
        done = popget(
            *args, port=port, user=user, password=password, host="localhost", scheme=scheme, options=options, **more
        )
        self.trace = trace.read_bytes() if trace.exists() else b""
        self.said = done.stderr
        public = self.trace + done.stderr
        assert tells(public, *filter(None, (password, token))) == []

    def command(self):
        """The command that began the login: `AUTH PLAIN`, `USER`, `APOP`; the last, where there were several."""
        found = re.findall(rb"^C: (AUTH [A-Z0-9-]+|USER|APOP)\b", self.trace, re.MULTILINE)
        return found[-1].decode() if found else None


def secret(server, mechanism, user):
    return {"token": server.token(user)} if is_token(mechanism) else {"password": PASSWORD}


@pytest.mark.parametrize("scheme", WAYS)
@pytest.mark.parametrize("name, mechanism", CASES, ids=["-".join(case) for case in CASES])
def test_login(servers, tmp_path, name, mechanism, scheme):
    server = servers(name)
    user = server.user(small(), mechanism)
    login = Login(
        server,
        tmp_path,
        "--maildir",
        tmp_path / "in",
        "--auth",
        mechanism,
        scheme=scheme,
        user=user,
        **secret(server, mechanism, user),
    )
    assert login.command() == (mechanism if mechanism in ("USER", "APOP") else f"AUTH {mechanism}")
    assert_same(stored(tmp_path / "in"), [with_lf(server.sent(raw)) for raw in small()])


@pytest.mark.parametrize("scheme", WAYS)
@pytest.mark.parametrize("name, best", [("dovecot", "SCRAM-SHA-256"), ("popd", "SCRAM-SHA-256-PLUS")])
def test_strongest(servers, tmp_path, name, best, scheme):
    """Nobody need name a mechanism, nor TLS."""
    server = servers(name)
    user = server.user(small())
    login = Login(server, tmp_path, "--maildir", tmp_path / "in", user=user, scheme=scheme)
    assert login.command() == f"AUTH {best}"
    assert len(stored(tmp_path / "in")) == len(small())


@pytest.mark.parametrize("name", ["dovecot", "popd"])
def test_token_alone(servers, tmp_path, name):
    """Who has a token and no password gets in by it, without --auth."""
    server = servers(name)
    user = server.user(small(), "XOAUTH2")
    login = Login(server, tmp_path, "--list", user=user, token=server.token(user))
    assert login.command() in ("AUTH OAUTHBEARER", "AUTH XOAUTH2")


@pytest.mark.parametrize("scheme", WAYS)
def test_mechanism_in_the_url(servers, tmp_path, scheme):
    server = servers("dovecot")
    user = server.user(small())
    login = Login(server, tmp_path, "--list", scheme=scheme, user=f"{user};AUTH=SCRAM-SHA-1")
    assert login.command() == "AUTH SCRAM-SHA-1"


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_long_token(servers, tmp_path, mechanism):
    """Longer than a command with an initial response may be: it goes on a line of its own (RFC 5034 section 4)."""
    server = servers("dovecot")
    user = server.user(small())
    token = server.token(user, padding=3000)
    login = Login(server, tmp_path, "--list", "--auth", mechanism, user=user, token=token)
    assert login.command() == f"AUTH {mechanism}"
    commands = re.findall(rb"^C: AUTH .*$", login.trace, re.MULTILINE)
    assert commands and max(map(len, commands)) <= 255 + 3


@pytest.mark.parametrize("wrong", ["password", "user"])
@pytest.mark.parametrize("name, mechanism", CASES, ids=["-".join(case) for case in CASES])
def test_refused(servers, tmp_path, name, mechanism, wrong):
    """Status 77, words that say what it is, no mail, and one try only: a second could lock the account."""
    server = servers(name)
    user = server.user(small(), mechanism) if wrong == "password" else "nobody"
    what = {"token": server.token(user)[:-8] + "AAAAAAAA"} if is_token(mechanism) else {"password": WRONG}
    args = ["--maildir", tmp_path / "in", "--auth", mechanism]
    login = Login(server, tmp_path, *args, user=user, status=EX_REFUSED, **what)
    assert login.said.startswith(b"popget: ") and re.search(rb"login|refused", login.said, re.IGNORECASE)
    assert len(re.findall(rb"^C: (?:AUTH|USER|APOP) ?", login.trace, re.MULTILINE)) == 1
    assert stored(tmp_path / "in") == []


def test_not_offered(servers, tmp_path):
    """--auth is no wish: where the server has it not, that alone is tried, and nobody logs in by another."""
    server = servers("dovecot")
    user = server.user(small())
    login = Login(server, tmp_path, "--list", "--auth", "SCRAM-SHA-256-PLUS", user=user, status=EX_REFUSED)
    assert login.command() == "AUTH SCRAM-SHA-256-PLUS" and b"does not list SCRAM-SHA-256-PLUS" in login.said
    assert set(re.findall(rb"^C: (\S+) ?\S*", login.trace, re.MULTILINE)) <= {b"CAPA", b"AUTH", b"QUIT"}


@pytest.mark.parametrize("bad", [["--auth", "NONESUCH"], ["--tls", "perhaps"], ["--ca", "/nonexistent/ca.pem"]])
def test_wrong_options(servers, tmp_path, bad):
    server = servers("dovecot")
    login = Login(server, tmp_path, "--list", user="user1", options=bad, status=None)
    assert login.command() is None and login.said.startswith(b"popget: ")


@pytest.mark.parametrize("options", [(), ("--tls", "required"), ("--tls", "optional"), ("--tls", "never")])
def test_no_password_in_the_clear(servers, options):
    """Dovecot has STLS, so only `never` fails."""
    server = servers("dovecot")
    user = server.user(small())
    status = EX_REFUSED if "never" in options else EX_OK
    options = ["--ca", server.ca, *options]
    done = popget("--list", port=server.port, user=user, host="localhost", options=options, status=None)
    assert done.returncode in ((EX_REFUSED, EX_USAGE) if status else (EX_OK,)), done.stderr
