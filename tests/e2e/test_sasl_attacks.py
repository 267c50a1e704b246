"""Attacks on the login: servers that prove nothing, challenges that are none, a man in the middle, secrets told.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import pytest

import scram
from certificates import Certificates
from mails import small
from programs import EX_OK, EX_PROTOCOL, EX_REFUSED, PASSWORD, popget
from secure_popd import ALL, TOKEN, SecurePopd, is_token
from test_tls_attacks import kept_secret, named, run
from tls_relay import TlsRelay
from tlspop import TlsPop, scram_auth, tells, token_refused

SCRAM = "SCRAM-SHA-256"
MANY = 1000  # challenges, by which a client must have seen that there is no end


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = SecurePopd(tmp_path_factory.mktemp("popd"))
    yield running
    running.stop()


def attacked(certificates, auth, mechanism=SCRAM, **more):
    """popget at a server with this exchange; the server, for what it heard, and what popget did."""
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,), auth=auth) as server:
        done = run(server, ca=certificates.ca.cert, options=("--auth", mechanism), **more)
        assert b"STAT" not in server.verbs() and b"LIST" not in server.verbs(), "popget takes itself for logged in"
        return server, done


def no_proof(server):
    """The password cannot be guessed at leisure from what was said."""
    assert not any(b",p=" in said for said in server.said)
    kept_secret(server)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", SCRAM])
def test_scram_is_well(certificates, mechanism):
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,)) as server:
        run(server, ca=certificates.ca.cert, options=("--auth", mechanism), status=EX_OK)
        kept_secret(server)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", SCRAM])
@pytest.mark.parametrize(
    "lie",
    [
        lambda right: right[:-1] + bytes([right[-1] ^ 1]),
        lambda right: right[:-1],
        lambda right: b"",
        lambda right: right + b"\0",
    ],
    ids=["bit", "short", "empty", "long"],
)
def test_signature_is_wrong(certificates, mechanism, lie):
    server, done = attacked(certificates, scram_auth(sign=lie), mechanism)
    assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
    assert re.search(rb"EPOP_ERR_SASL_(SIGNATURE|CHALLENGE)", done.stderr), done.stderr
    kept_secret(server)


@pytest.mark.parametrize(
    "lie",
    [lambda own: own, lambda own: b"another", lambda own: own[:-1] + b"~more", lambda own: b"x" + own + b"more"],
    ids=["same", "another", "altered", "prefixed"],
)
def test_nonce_is_not_extended(certificates, lie):
    server, done = attacked(certificates, scram_auth(nonce=lie))
    assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
    named(done, "EPOP_ERR_SASL_NONCE")
    no_proof(server)
    assert server.cancelled == 1


@pytest.mark.parametrize("count", [0, 1, 4095, 2**31, 2**32 + 4096, 2**64 + 4096, -4096, "4096x", ""])
def test_iterations(certificates, count):
    """Too few make guessing cheap, too many keep the client busy for hours. The test runs under a time limit."""
    server, done = attacked(certificates, scram_auth(iterations=count))
    assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
    assert re.search(rb"EPOP_ERR_SASL_(ITERATIONS|CHALLENGE)", done.stderr), done.stderr
    if count in (1, 4095, 2**31):
        named(done, "EPOP_ERR_SASL_ITERATIONS")
    no_proof(server)


def first_then(line):
    """The client's first message is answered by a line that is no challenge of SCRAM."""

    def auth(session, _, octets):
        session.initial(octets)
        if session.answer(line) != b"*":
            raise AssertionError(f"{line!r} has an answer")
        session.server.cancelled += 1
        return False

    return auth


JUNK = [
    b"!!!!",
    b"cj0",
    b"cj0=x",
    b"c j0=",
    b"cj0=cj0=",
    b"cj1=",  # bits behind the end
    b"\xff\xfe",
    b"=",
    b"*",
    scram.b64(b"r=abc"),
    scram.b64(b"m=ext,r=abc,s=YWJj,i=4096"),
    scram.b64(b"r=,s=,i="),
    scram.b64(b"\0" * 64),
    scram.b64(b"e=other-error"),
    scram.b64(b"v=YWJj"),
    b"",
]


@pytest.mark.parametrize("line", JUNK, ids=range(len(JUNK)))
def test_challenge_is_junk(certificates, line):
    server, done = attacked(certificates, first_then(line))
    assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
    assert b"EPOP_ERR_SASL_" in done.stderr, done.stderr
    no_proof(server)


def endless(session, _, octets):
    """A challenge for every answer; a client that goes on has not counted."""
    session.initial(octets)
    for _ in range(MANY):
        session.response(b"once more")
    raise AssertionError("the client answers for ever")


def endless_line(session, _, octets):
    session.initial(octets)
    session.send(b"+ ")
    for _ in range(1 << 14):
        session.send(b"QUFB" * 1024)
    raise AssertionError("the client reads an endless challenge")


@pytest.mark.parametrize("auth", [endless, endless_line])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", SCRAM])
def test_challenge_without_end(certificates, mechanism, auth):
    server, done = attacked(certificates, auth, mechanism)
    assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
    assert done.stderr.startswith(b"popget: ")
    assert len(server.said) < 8


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize("auth", [endless, endless_line])
def test_challenge_without_end_for_a_token(certificates, tmp_path, mechanism, auth):
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,), auth=auth) as server:
        done = token_run(server, certificates, tmp_path, TOKEN + "\n", mechanism)
        assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
        assert len([said for said in server.said if TOKEN.encode() in said]) == 1


def at_once(session, _, octets):
    session.initial(octets)
    return True


def without_signature(session, name, octets):
    exchange = scram.Server(name, PASSWORD.encode())
    session.response(exchange.first(session.initial(octets)))
    return True


def without_anything(*_):
    return True


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", SCRAM])
@pytest.mark.parametrize("auth", [without_anything, at_once, without_signature])
def test_in_without_a_proof(certificates, mechanism, auth):
    """Who lets everybody in may be anybody: no mail from there, and no commands to it."""
    server, done = attacked(certificates, auth, mechanism)
    assert done.returncode in (EX_REFUSED, EX_PROTOCOL), done.stderr
    named(done, "EPOP_ERR_PEER_SASL")
    kept_secret(server)


@pytest.mark.parametrize("offered", [("PLAIN",), ("PLAIN", "LOGIN", "SCRAM-SHA-1"), ()])
def test_mechanisms_are_stripped(certificates, offered):
    """The mechanism that was named is tried all the same, and nothing weaker."""
    with TlsPop(certificates.server, small(), mechanisms=offered) as server:
        done = run(server, ca=certificates.ca.cert, options=("--auth", SCRAM), status=EX_REFUSED)
        named(done, "EPOP_ERR_LOGIN_REFUSED")
        assert b"does not list SCRAM-SHA-256, but: " + (b" ".join(map(str.encode, offered)) or b"no SASL") in done.stderr
        assert not {b"USER", b"PASS", b"APOP"} & set(server.verbs())
        assert all(line.startswith(b"AUTH " + SCRAM.encode()) for line in server.heard.splitlines() if line[:4] == b"AUTH")
        kept_secret(server)


def relayed(server, certificate, mechanism, alter=None, user=None):
    """popget through a man in the middle whose certificate it trusts."""
    user = user or server.user(small())
    options = ["--ca", server.ca, *(["--auth", mechanism] if mechanism else [])]
    with TlsRelay(certificate, server.tls_port, server.ca, alter) as relay:
        done = popget(
            "--list", port=relay.port, user=user, host="localhost", scheme="pops", options=options, status=None
        )
        return done, relay


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])
def test_man_in_the_middle(server, mechanism):
    """Both ends see another channel than the other. Without the binding nobody would notice."""
    done, relay = relayed(server, server.certificates.second, mechanism)
    assert done.returncode == EX_REFUSED, done.stderr
    assert b"AUTH " + mechanism.encode() in relay.upward, "it was tried"
    assert tells(relay.upward, PASSWORD) == []
    done, relay = relayed(server, server.certificates.second, mechanism.replace("-PLUS", ""))
    # The client can bind and says so (gs2 "y" or "n"): where the server has the -PLUS, "y" is a downgrade seen.
    if b"y,," in b"".join(relay.messages()):
        assert done.returncode == EX_REFUSED
    else:
        assert done.returncode == EX_OK, "the relay itself does no harm"


def test_relay_is_a_good_one(server):
    """The same with a mechanism that does not look at the channel."""
    done, relay = relayed(server, server.certificates.second, "CRAM-MD5")
    assert done.returncode == EX_OK, done.stderr
    assert tells(relay.upward, PASSWORD) == []


def test_downgrade_to_scram_without_binding(server):
    """The -PLUS taken out of CAPA: popget says that it could have bound the channel, and popd sees what was done."""

    def strip(line):
        return re.sub(rb" SCRAM-SHA-\d+-PLUS", b"", line) if line.startswith(b"SASL ") else line

    done, relay = relayed(server, server.certificates.second, None, strip)
    assert done.returncode == EX_REFUSED, done.stderr
    assert any(message.startswith(b"y,") for message in relay.messages())
    assert tells(relay.upward, PASSWORD) == []


def token_run(server, certificates, folder, content, mechanism="OAUTHBEARER"):
    file = folder / "token"
    file.write_bytes(content.encode())
    file.chmod(0o600)
    options = ("--auth", mechanism, "--oauth-token-file", file, "--trace", folder / "trace")
    done = run(server, ca=certificates.ca.cert, options=options, password=None)
    seen = done.stdout + done.stderr + ((folder / "trace").read_bytes() if (folder / "trace").exists() else b"")
    assert tells(seen, TOKEN) == [], "a token is in the output or in the trace"
    return done


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_token_is_refused(certificates, tmp_path, mechanism):
    """The server's JSON is acknowledged as the mechanism asks, and then comes its -ERR."""
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,), auth=token_refused) as server:
        done = token_run(server, certificates, tmp_path, TOKEN + "\n", mechanism)
        assert done.returncode == EX_REFUSED, done.stderr
        if server.cancelled == 0:
            assert server.said[-1] == (b"\1" if mechanism == "OAUTHBEARER" else b"")


INJECTION = "\r\nDELE 1\r\nQUIT\r\n"


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize("content", [TOKEN + INJECTION, "a\rb" + TOKEN, INJECTION, TOKEN + "\1host=x", TOKEN + "\0x"])
def test_injection_by_a_token(certificates, tmp_path, mechanism, content):
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,), auth=token_refused) as server:
        done = token_run(server, certificates, tmp_path, content, mechanism)
        assert done.returncode != EX_OK
        assert b"DELE" not in server.verbs() and len(server.maildrop) == len(small())
        assert not any(b"\1host=x" in said or b"\0" in said or b"\r" in said for said in server.said)


@pytest.mark.parametrize("mechanism", ["USER", "PLAIN", "LOGIN", "CRAM-MD5", SCRAM])
@pytest.mark.parametrize("password", [PASSWORD + INJECTION, "a\rb", "a\0b"], ids=["crlf", "cr", "nul"])
def test_injection_by_a_password(certificates, tmp_path, mechanism, password):
    """Of the file the first line counts, and that is without its CRLF; what stays may hold no control octet."""
    file = tmp_path / "password"
    file.write_bytes(password.encode())
    file.chmod(0o600)
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,)) as server:
        options = ("--auth", mechanism, "--password-file", file)
        done = run(server, ca=certificates.ca.cert, options=options, password=None)
        assert (done.returncode == EX_OK) == (password.startswith(PASSWORD)), done.stderr
        assert b"DELE" not in server.verbs() and len(server.maildrop) == len(small())
        assert not any(b"\r" in octets or b"\0" in octets[1:] and mechanism != "PLAIN" for octets in server.said)


@pytest.mark.parametrize("mechanism", ["USER", "PLAIN", "LOGIN", "CRAM-MD5", SCRAM])
@pytest.mark.parametrize("user", ["alice%0d%0aDELE%201", "alice%0dx", "alice%00root", "a%0Ab"])
def test_injection_by_a_name(certificates, mechanism, user):
    with TlsPop(certificates.server, small(), mechanisms=(mechanism,)) as server:
        done = run(server, ca=certificates.ca.cert, options=("--auth", mechanism), user=user)
        assert done.returncode not in (EX_OK, EX_REFUSED), done.stderr
        assert b"DELE" not in server.verbs() and server.said == []
        kept_secret(server)


@pytest.mark.parametrize("user", ["a=b", "a,b", "a=2Cb", "a%2Cb"])
def test_names_are_escaped(certificates, user):
    """A comma in a name is no new attribute (RFC 5802 section 5.1)."""
    with TlsPop(certificates.server, small(), mechanisms=(SCRAM,)) as server:
        run(server, ca=certificates.ca.cert, options=("--auth", SCRAM), user=user, status=EX_OK)
        name = user.replace("%2C", ",").replace("=", "=3D").replace(",", "=2C")
        assert re.match(rb"[ny],,n=" + re.escape(name.encode()) + rb",r=", server.said[0])


@pytest.mark.parametrize("mechanism", ALL)
def test_no_secret_in_public(server, tmp_path, mechanism):
    """Neither in the trace nor on the terminal, nor in the log of popd, whether the login succeeds or not."""
    user = server.user(small(), mechanism)
    right = server.token(user) if is_token(mechanism) else PASSWORD
    for secret, status in ((right, EX_OK), ("wr0ng-" * 5, EX_REFUSED)):
        file = tmp_path / "secret"
        file.write_text(secret + "\n")
        file.chmod(0o600)
        how = "--oauth-token-file" if is_token(mechanism) else "--password-file"
        options = ["--ca", server.ca, "--auth", mechanism, how, file, "--trace", tmp_path / "trace"]
        done = popget(
            "--list",
            port=server.tls_port,
            user=user,
            host="localhost",
            scheme="pops",
            options=options,
            password=None,
            status=status,
        )
        trace = (tmp_path / "trace").read_bytes()
        assert (mechanism if mechanism in ("USER", "APOP") else "AUTH " + mechanism).encode() in trace
        assert tells(trace + done.stderr + done.stdout + server.popd.log.read_bytes(), secret) == []
