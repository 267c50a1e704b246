"""What popget may send where: TLS by default and by option, mechanisms by name, tokens, and words that help.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import socket
import ssl
import threading

import pytest

from certificates import Certificates
from deadline import PATIENCE
from mails import small
from programs import EX_IOERR, EX_OK, EX_PROTOCOL, EX_REFUSED, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE, PASSWORD, popget
from tlspop import TlsPop, tells, tls_server

SECRET = {b"USER", b"PASS", b"AUTH", b"APOP"}
TOKEN = "ya29.a-token_of~its/own+kind=="


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def run(server, *options, status=EX_OK, host="localhost", **more):
    done = popget("--list", port=server.port, host=host, options=options, status=status, **more)
    assert status == EX_OK or done.stderr.startswith(b"popget: ")
    return done


@pytest.mark.parametrize(
    "host, options, secured",
    [
        ("localhost", [], 1),
        ("localhost", ["--allow-cleartext"], 1),
        ("localhost", ["--allow-cleartext", "--tls", "optional"], 1),
        ("localhost", ["--allow-cleartext", "--tls", "never"], 0),
        ("127.0.0.1", [], 1),
        ("127.0.0.1", ["--allow-cleartext"], 0),
        ("127.0.0.1", ["--allow-cleartext", "--tls", "optional"], 1),
        ("127.0.0.1", ["--allow-cleartext", "--tls", "required"], 1),
    ],
)
def test_where_tls_is_used(certificates, host, options, secured):
    """The system's store, as SSL_CERT_FILE names it, has the authority. Clear text is for addresses of this host, or
    for two words of the user."""
    os.environ["SSL_CERT_FILE"] = str(certificates.ca.cert)
    try:
        with TlsPop(certificates.server, small()) as server:
            run(server, *options, host=host)
            assert server.secured == secured
            assert (tells(server.heard, PASSWORD) == [PASSWORD]) and ((b"STLS" in server.verbs()) == bool(secured))
    finally:
        del os.environ["SSL_CERT_FILE"]


@pytest.mark.parametrize("host", ["localhost", "127.1"])
def test_only_an_address_is_loopback(certificates, host):
    with TlsPop(certificates.server, small(), stls=False) as server:
        done = run(server, "--allow-cleartext", host=host, status=EX_REFUSED)
        assert b"EPOP_ERR_LOGIN_NO_STLS" in done.stderr and b"--tls optional" in done.stderr
        assert not SECRET & set(server.verbs())


def test_no_store_of_authorities(certificates, monkeypatch):
    """A system may have none: it is missed where TLS begins, and nowhere else; then no secret is sent."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/authorities.pem")
    popget("--list", host="no-such-host.invalid", port=110, status=EX_UNAVAILABLE)
    with TlsPop(certificates.server, small(), stls=False) as server:
        assert b"EPOP_ERR_LOGIN_NO_STLS" in run(server, status=EX_REFUSED).stderr
        run(server, "--allow-cleartext", "--tls", "optional")
    for implicit in (False, True):
        with TlsPop(certificates.server, small(), implicit=implicit) as server:
            done = run(server, status=EX_IOERR, scheme="pops" if implicit else "pop")
            assert b"/nonexistent/authorities.pem" in done.stderr and done.stderr.count(b"popget: ") == 1
            assert server.secured == 0 and not SECRET & set(server.verbs())


@pytest.mark.parametrize(
    "user, options",
    [
        ("alice;AUTH=LOGIN", ["--auth", "PLAIN"]),
        ("alice;AUTH=NONESUCH", []),
        ("alice", ["--auth", "XOAUTH2"]),
        ("alice", ["--auth", "PLAIN", "--oauth-token-file", "token"]),
        ("alice", ["--password-file", "password", "--oauth-token-file", "token"]),
        ("alice", ["--tls", "never", "--ca", "ca.pem"]),
        ("alice", ["--tls", "Required"]),
    ],
)
def test_contradictions(certificates, user, options):
    with TlsPop(certificates.server, small()) as server:
        run(server, *options, user=user, status=EX_USAGE)
        assert server.verbs() == []


@pytest.mark.parametrize(
    "user, options", [("alice;AUTH=*", ["--auth", "plain"]), ("alice;AUTH=PLAIN", ["--auth", "*"])]
)
def test_any_is_no_contradiction(certificates, user, options):
    with TlsPop(certificates.server, small(), mechanisms=("LOGIN", "PLAIN")) as server:
        run(server, "--ca", certificates.ca.cert, *options, user=user)
        assert b"AUTH PLAIN" in server.heard


def test_apop_is_never_chosen(certificates):
    """The digest over a stamp of the server's choice: only for who asks for it."""
    stamp = b"+OK <1.2@localhost>\r\n"
    for user, status in (("alice", EX_OK), ("alice;AUTH=+APOP", EX_REFUSED)):
        answers = {"APOP": b"-ERR [AUTH] no\r\n", "GREETING": stamp}
        with TlsPop(certificates.server, small(), mechanisms=("GSSAPI",), **answers) as server:
            run(server, "--ca", certificates.ca.cert, user=user, status=status)
            assert (b"USER" in server.verbs()) == (status == EX_OK)
            assert (b"APOP" in server.verbs()) == (status != EX_OK)


@pytest.mark.parametrize(
    "answer, status, words",
    [
        (b"-ERR [AUTH] no\r\n", EX_REFUSED, b"is wrong"),
        (b"-ERR [IN-USE] no\r\n", EX_TEMPFAIL, b"another session"),
        (b"-ERR [SYS/TEMP] no\r\n", EX_TEMPFAIL, b"try again later"),
        (b"-ERR [SYS/PERM] no\r\n", EX_REFUSED, b"operator"),
    ],
    ids=["AUTH", "IN-USE", "SYS-TEMP", "SYS-PERM"],
)
def test_refusals_are_told_apart(certificates, answer, status, words):
    with TlsPop(certificates.server, small(), AUTH=answer) as server:
        assert words in run(server, "--ca", certificates.ca.cert, status=status).stderr


def test_what_the_server_offers(certificates):
    with TlsPop(certificates.server, small(), mechanisms=("GSSAPI", "PLAIN")) as server:
        done = run(server, "--ca", certificates.ca.cert, "--auth", "APOP", status=EX_REFUSED)
        assert b"EPOP_ERR_LOGIN_NO_MECHANISM" in done.stderr and b"GSSAPI PLAIN" in done.stderr


@pytest.mark.parametrize(
    "bad, words",
    [
        ("wrong_name", b"pop.example.net and not for localhost"),
        ("expired", b"expired on 2021-01-01"),
        ("early", b"only from 2099-01-01 on"),
        ("self_signed", b"self-signed"),
        ("other", b"no authority that is trusted"),
    ],
)
def test_what_is_wrong_with_a_certificate(certificates, bad, words):
    with TlsPop(getattr(certificates, bad), small()) as server:
        done = run(server, "--ca", certificates.ca.cert, status=EX_REFUSED)
        assert words in done.stderr, done.stderr


def test_no_tls_on_the_port_of_pops(certificates):
    with TlsPop(certificates.server, small()) as server:
        done = run(server, "--ca", certificates.ca.cert, scheme="pops", status=EX_PROTOCOL)
        assert b"EPOP_ERR_PEER_TLS" in done.stderr and b"pop://" in done.stderr


def token_file(folder, content, mode=0o600):
    file = folder / "token"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "content, name",
    [
        (b"", b"empty"),
        (b"\n", b"empty"),
        (b"a\rb\n", b"EPOP_ERR_OCTET"),
        (b"a\n\n", b"EPOP_ERR_OCTET"),
        (b"a b\n", b"EPOP_ERR_OCTET"),
        (b"a\0b", b"EPOP_ERR_OCTET"),
        (b"\xc3\xa4", b"EPOP_ERR_OCTET"),
        (b"a" * 65537, b"EPOP_ERR_TOO_LONG"),
        (b"a" * 65537 + b"\r\n", b"EPOP_ERR_TOO_LONG"),
        (b"a" * 200000, b"EPOP_ERR_TOO_LONG"),
    ],
    ids=range(10),
)
def test_impossible_tokens(certificates, tmp_path, content, name):
    """Named before anything is sent."""
    with TlsPop(certificates.server, small(), mechanisms=("OAUTHBEARER",)) as server:
        token = ["--oauth-token-file", token_file(tmp_path, content)]
        done = run(server, "--ca", certificates.ca.cert, *token, status=EX_USAGE)
        assert name in done.stderr and server.verbs() == []


def said_tokens(server):
    return [said for said in server.said if said]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("token", [TOKEN.encode(), b"t" * 65536], ids=["short", "longest"])
def test_tokens(certificates, tmp_path, token, end):
    def auth(session, _, octets):
        session.initial(octets)
        return True

    with TlsPop(certificates.server, small(), mechanisms=("XOAUTH2",), auth=auth) as server:
        file = token_file(tmp_path, token + end)
        done = run(server, "--ca", certificates.ca.cert, "--oauth-token-file", file, password=None)
        assert said_tokens(server) == [b"user=alice\1auth=Bearer " + token + b"\1\1"]
        assert done.stderr == b""


def test_token_that_others_can_read(certificates, tmp_path):
    with TlsPop(certificates.server, small(), mechanisms=("XOAUTH2",), auth=lambda *_: True) as server:
        file = token_file(tmp_path, TOKEN.encode(), 0o644)
        done = run(server, "--ca", certificates.ca.cert, "--oauth-token-file", file, status=None)
        assert b"others may read it" in done.stderr and TOKEN.encode() not in done.stderr


@pytest.mark.parametrize("kind", ["missing", "directory", "no-pem"])
def test_authorities_that_can_not_be_read(certificates, tmp_path, kind):
    file = tmp_path / "ca.pem"
    if kind == "directory":
        file.mkdir()
    elif kind == "no-pem":
        file.write_text("no certificate\n")
    with TlsPop(certificates.server, small()) as server:
        done = run(server, "--ca", file, status=EX_IOERR)
        assert str(file).encode() in done.stderr and server.verbs() == []


def test_tls_is_closed_in_order(certificates):
    """The server hears a close_notify, and so knows that nobody has cut the connection."""
    seen = []

    def serve(listener):
        plain, _ = listener.accept()
        plain.settimeout(PATIENCE)
        context = tls_server(certificates.server)
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # Python hides cuts
        secure = context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False)
        secure.sendall(b"-ERR not today\r\n")
        try:
            seen.append(secure.recv(1))
        except OSError as error:
            seen.append(error)
        secure.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        options = ["--ca", certificates.ca.cert]
        port = listener.getsockname()[1]
        popget("--list", port=port, host="localhost", scheme="pops", options=options, status=None)
        thread.join(PATIENCE)
    assert seen == [b""]
