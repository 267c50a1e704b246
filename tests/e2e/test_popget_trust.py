"""popget --tls-fingerprint and --oauth-token-eval: a certificate that is pinned, a token that is asked for again.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import hashlib
import ssl

import pytest

from certificates import Certificates
from mails import small
from programs import EX_IOERR, EX_OK, EX_REFUSED, EX_USAGE, PASSWORD, popget
from tlspop import TlsPop, tells

OLD, NEW = "ya29.old-token", "ya29.new-token"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def run(server, *options, status=EX_OK, host="localhost", **more):
    return popget("--list", port=server.port, host=host, options=options, status=status, **more)


def fingerprint(certificate, between=""):
    first = certificate.cert.read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest().upper()
    return between.join(digest[i : i + 2] for i in range(0, 64, 2))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("kind", ["server", "self_signed", "expired", "wrong_name", "other"])
def test_pinned_certificate(certificates, kind, host):
    """Authority, name and dates do not matter."""
    certificate = getattr(certificates, kind)
    for pin in (fingerprint(certificate), fingerprint(certificate, ":").lower()):
        with TlsPop(certificate, small()) as server:
            run(server, "--tls-fingerprint", pin, host=host)
            assert server.secured == 1


@pytest.mark.parametrize("options", [[], ["--ca"]], ids=["alone", "with its authority"])
@pytest.mark.parametrize("scheme", ["pop", "pops"])
def test_other_certificate(certificates, scheme, options):
    """One that every check but this would pass; nobody hears a secret."""
    with TlsPop(certificates.server, small(), implicit=scheme == "pops") as server:
        trust = [*options, *([certificates.ca.cert] if options else [])]
        pin = fingerprint(certificates.second)
        done = run(server, *trust, "--tls-fingerprint", pin, scheme=scheme, status=EX_REFUSED)
        assert fingerprint(certificates.server, ":").encode() in done.stderr
        assert b"EPOP_ERR_PEER_CERTIFICATE" in done.stderr
        assert tells(server.heard, PASSWORD, "alice") == []


@pytest.mark.parametrize("pin", ["", "ab", 63 * "a", 65 * "a", 64 * "g", ":".join(31 * ["ab"]), 32 * "ab:", 94 * "a" + ":"])
def test_impossible_fingerprints(certificates, pin):
    with TlsPop(certificates.server, small()) as server:
        run(server, "--tls-fingerprint", pin, status=EX_USAGE)
        assert server.commands == []


def token_server(certificates, good):
    said = []

    def auth(session, _, octets):
        said.append(session.initial(octets) or octets)
        return good.encode() in server.said[-1]

    server = TlsPop(certificates.server, small(), mechanisms=("XOAUTH2",), auth=auth)
    return server


def counting(folder, *tokens):
    """A command that prints the next token each time, and a second line."""
    for index, token in enumerate(tokens):
        (folder / f"token{index}").write_text(f"{token}\nexpires in 3600\n")
    return f"cd {folder}; n=$(cat count 2>/dev/null || echo 0); echo $((n+1)) >count; cat token$n"


def runs(folder):
    return int((folder / "count").read_text())


def said_tokens(server):
    return [said.split(b"Bearer ")[1].rstrip(b"\1").decode() for said in server.said if b"Bearer " in said]


def test_token_of_a_command(certificates, tmp_path):
    with token_server(certificates, OLD) as server:
        run(server, "--ca", certificates.ca.cert, "--oauth-token-eval", counting(tmp_path, OLD), password=None)
        assert said_tokens(server) == [OLD] and runs(tmp_path) == 1


def test_token_is_asked_for_again(certificates, tmp_path):
    with token_server(certificates, NEW) as server:
        command = counting(tmp_path, OLD, NEW)
        done = popget(
            *("--maildir", tmp_path / "in", "--ca", certificates.ca.cert, "--oauth-token-eval", command),
            port=server.port, host="localhost", options=(), password=None,
        )
        assert said_tokens(server) == [OLD, NEW] and runs(tmp_path) == 2
        assert len(list((tmp_path / "in" / "new").iterdir())) == len(small())
        assert OLD.encode() not in done.stderr and NEW.encode() not in done.stderr


def test_token_is_asked_for_once_more_only(certificates, tmp_path):
    with token_server(certificates, "another") as server:
        command = counting(tmp_path, OLD, NEW, "third")
        done = run(
            server, "--ca", certificates.ca.cert, "--oauth-token-eval", command, password=None, status=EX_REFUSED
        )
        assert said_tokens(server) == [OLD, NEW] and runs(tmp_path) == 2
        assert b"EPOP_ERR_LOGIN_REFUSED" in done.stderr


@pytest.mark.parametrize(
    "command, status",
    [("exit 3", EX_IOERR), ("true", EX_USAGE), ("echo 'a b'", EX_USAGE), ("kill -9 $$", EX_IOERR),
     ("head -c 70000 /dev/zero | tr '\\0' a", EX_IOERR), ("echo a; head -c 2000000 /dev/zero", EX_IOERR)],
)
def test_commands_that_print_no_token(certificates, command, status):
    with TlsPop(certificates.server, small(), mechanisms=("XOAUTH2",)) as server:
        done = run(server, "--ca", certificates.ca.cert, "--oauth-token-eval", command, status=status)
        assert b"oauth-token-eval" in done.stderr and server.commands == []


@pytest.mark.parametrize("other", ["--oauth-token-file", "--password-file", "--passwordeval"])
def test_one_secret(certificates, tmp_path, other):
    with TlsPop(certificates.server, small()) as server:
        run(server, "--oauth-token-eval", "echo a", other, tmp_path / "x", status=EX_USAGE)
