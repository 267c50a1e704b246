"""popget's login with servers that speak SASL as some do: other prompts, no initial response, tokens refused with a reason.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import json

import pytest

from certificates import Certificates
from mails import small
from programs import EX_OK, EX_PROTOCOL, EX_REFUSED, PASSWORD, popget
from scram import b64
from tlspop import Cancelled, TlsPop

TOKEN = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg-s3cr3t"
NO_CAPA = {"CAPA": b"-ERR no such command\r\n"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def run(server, certificates, *options, status, **more):
    options = ["--ca", certificates.ca.cert, *options]
    return popget("--list", port=server.port, host="localhost", scheme="pops", options=options, status=status, **more)


def served(certificates, **more):
    return TlsPop(certificates.server, small(), implicit=True, **more)


def refuse(session, words=b"-ERR wrong number of arguments\r\n"):
    session.send(words)
    raise Cancelled


def prompts(name, password, plus=b"+ "):
    """LOGIN with these prompts, sent as they stand."""

    def ask(session, prompt):
        session.send(plus + prompt + b"\r\n")
        line = session.line()
        session.server.commands.append(line)
        return base64.b64decode(line, validate=True)

    return lambda session, *_: (ask(session, name), ask(session, password)) == (b"alice", PASSWORD.encode())


@pytest.mark.parametrize(
    "auth",
    [
        prompts(b"Username:", b"Password:"),
        prompts(b"", b""),
        prompts(b64(b"Username:"), b64(b"Password:"), plus=b"+"),
    ],
    ids=["words", "nothing", "no space"],
)
def test_prompts_of_login(certificates, auth):
    with served(certificates, mechanisms=("LOGIN",), auth=auth) as server:
        run(server, certificates, status=EX_OK)


def test_ok_in_place_of_a_prompt(certificates):
    """Refused, without the claim that anybody was let in."""
    with served(certificates, mechanisms=("LOGIN",), AUTH=b"+OK Username:\r\n") as server:
        done = run(server, certificates, status=EX_PROTOCOL)
    assert b"EPOP_ERR_PEER_SASL" in done.stderr and b"before the SASL exchange was complete" in done.stderr, done.stderr


def old(accept):
    """A server of RFC 1734, which knows AUTH with one word only."""

    def auth(session, _, octets):
        return refuse(session) if octets is not None else accept(session.response(b""))

    return auth


@pytest.mark.parametrize("mechanism", ["PLAIN", "XOAUTH2"])
def test_initial_response_is_not_known(certificates, tmp_path, mechanism):
    secret = PASSWORD if mechanism == "PLAIN" else TOKEN
    (tmp_path / "token").write_text(TOKEN)
    token = ("--oauth-token-file", tmp_path / "token") if mechanism == "XOAUTH2" else ()
    with served(certificates, mechanisms=(mechanism,), auth=old(lambda said: secret.encode() in said)) as server:
        run(server, certificates, *token, status=EX_OK, password=None if token else PASSWORD)
        assert server.verbs().count(b"AUTH") == 2


def test_wrong_password_is_not_sent_for_ever(certificates):
    with served(certificates, mechanisms=("PLAIN",), auth=lambda session, *_: refuse(session, b"-ERR no\r\n")) as server:
        run(server, certificates, status=EX_REFUSED)
        assert server.verbs().count(b"AUTH") == 2


def test_wrong_password_with_a_code_is_sent_once(certificates):
    with served(certificates, mechanisms=("PLAIN",), auth=lambda *_: False) as server:
        run(server, certificates, status=EX_REFUSED)
        assert server.verbs().count(b"AUTH") == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_mechanism_that_is_not_listed(certificates, mechanism):
    with served(certificates, mechanisms=(mechanism,), **NO_CAPA) as server:
        run(server, certificates, "--auth", mechanism, status=EX_OK)


def refused_for(reason):
    def auth(session, _, octets):
        session.initial(octets)
        session.response(reason)
        return False

    return auth


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_reason_of_a_refused_token(certificates, tmp_path, mechanism):
    (tmp_path / "token").write_text(TOKEN)
    reason = json.dumps({"status": "invalid_token", "scope": "https://mail.example/"}).encode()
    with served(certificates, mechanisms=(mechanism,), auth=refused_for(reason)) as server:
        done = run(server, certificates, "--oauth-token-file", tmp_path / "token", status=EX_REFUSED, password=None)
    assert b"the server's reason: " + reason in done.stderr, done.stderr


@pytest.mark.parametrize(
    "reason", [b'{"status":"' + TOKEN.encode() + b'"}', b"x" * 300 + b"\x1b[31m\r\n\0"], ids=["token", "controls"]
)
def test_reason_that_is_none_to_show(certificates, tmp_path, reason):
    (tmp_path / "token").write_text(TOKEN)
    with served(certificates, mechanisms=("XOAUTH2",), auth=refused_for(reason)) as server:
        done = run(server, certificates, "--oauth-token-file", tmp_path / "token", status=EX_REFUSED, password=None)
    assert TOKEN.encode() not in done.stderr and not set(done.stderr) & (set(range(32)) - {10}), done.stderr
