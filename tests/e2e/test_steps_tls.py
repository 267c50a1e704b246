"""examples/steps with TLS: the client and the server, each with mbedTLS and with OpenSSL, against other programs.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import poplib
import re
import socket
import subprocess

import pytest

from certificates import Certificates
from deadline import PATIENCE
from dialogue import Dialogue, SecureDialogue, trusting
from mails import fill, mixed, sent_by_epop, small
from minipop import stuffed
from peers import peer
from sockets import pieces
from steps import StepServer, run_step
from tlspop import TlsPop, tells
from programs import PASSWORD

LIBRARIES = ["mbedtls", "openssl"]
MODES = ["tls", "stls"]
MESSAGE = b"From: epop\r\nSubject: hello\r\n\r\nIt came by TLS.\r\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def client(library, mode, port, certificates, host="localhost", **more):
    return run_step(f"{library}-client", mode, host, port, "alice", certificates.ca.cert, **more)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_client(popd, certificates, library, mode, host):
    """All messages, octet by octet, from popd."""
    messages = mixed(40)
    server = popd(certificate=certificates.server, cleartext=False, prepare=lambda it: fill(it.maildir(), messages))
    port = server.tls_port if mode == "tls" else server.port
    done = client(library, mode, port, certificates, host)
    assert done.stdout == b"".join(map(sent_by_epop, messages)) and done.stderr == b""
    log = server.log.read_text()
    assert 'tls="yes"' in log or "tls=yes" in log, log


@pytest.mark.parametrize("library", LIBRARIES)
def test_client_wrong_password(popd, certificates, library):
    server = popd(certificate=certificates.server)
    done = client(library, "tls", server.tls_port, certificates, password="wrong", status=1)
    assert done.stdout == b"" and done.stderr.startswith(b"LOGIN: ")


@pytest.mark.parametrize("bad", ["wrong_name", "expired", "early", "self_signed", "other"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_client_refuses_certificate(certificates, library, mode, bad):
    with TlsPop(getattr(certificates, bad), small(), implicit=mode == "tls") as server:
        done = client(library, mode, server.port, certificates, status=1)
        assert b"EPOP_ERR_PEER_CERTIFICATE" in done.stderr and done.stdout == b""
        assert tells(server.heard, PASSWORD) == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_client_is_not_offered_stls(certificates, library):
    with TlsPop(certificates.server, small(), stls=False) as server:
        done = client(library, "stls", server.port, certificates, status=1)
        assert b"does not offer STLS" in done.stderr
        assert tells(server.heard, PASSWORD) == []


FORGED = b"+OK\r\n+OK forged\r\n"


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 10, len(FORGED)])
@pytest.mark.parametrize("library", LIBRARIES)
def test_client_plaintext_behind_the_answer_to_stls(certificates, library, cut):
    def stls(session, _):
        if pieces(session.socket, FORGED[:cut], FORGED[cut:]):
            session.start_tls()
        return b""

    with TlsPop(certificates.server, small(), STLS=stls) as server:
        done = client(library, "stls", server.port, certificates, status=1)
        assert re.search(rb"EPOP_ERR_PEER_(PLAINTEXT|TLS)", done.stderr), done.stderr
        assert cut <= 5 or b"EPOP_ERR_PEER_PLAINTEXT" in done.stderr
        assert server.verbs() == [b"CAPA", b"STLS"] and tells(server.heard, PASSWORD) == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_client_sees_that_tls_was_cut(certificates, library):
    """TCP ends within a message and TLS has not said so."""

    def retr(session, argument):
        session.end()
        return b"+OK\r\n" + stuffed(sent_by_epop(small()[0]))[:20]

    with TlsPop(certificates.server, small(), implicit=True, RETR=retr) as server:
        done = client(library, "tls", server.port, certificates, status=1)
        assert b"EPOP_ERR_PEER_EOF" in done.stderr


@pytest.mark.parametrize("library", LIBRARIES)
def test_client_meets_no_tls(popd, certificates, library):
    """The port of POP3 without TLS."""
    done = client(library, "tls", popd().port, certificates, status=1)
    assert b"EPOP_ERR_PEER_TLS" in done.stderr


@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_usage(library, role):
    done = run_step(f"{library}-{role}", "neither", "1", status=64)
    assert done.stderr.startswith(b"usage: ")


@pytest.fixture(params=[(library, mode) for library in LIBRARIES for mode in MODES], ids="-".join)
def server(request, tmp_path, certificates):
    library, mode = request.param
    name = f"{library}-server"
    with StepServer(tmp_path, name, mode, None, certificates.server.cert, certificates.server.key) as started:
        started.mode = mode
        yield started


def curl(server, certificates, *options, password="hello", path="1"):
    scheme = "pop3s" if server.mode == "tls" else "pop3"
    base = [peer("curl"), "-sS", "--max-time", "50", "--cacert", certificates.ca.cert, "-u", f"joe:{password}"]
    url = f"{scheme}://localhost:{server.port}/{path}"
    return subprocess.run([*map(str, base), *options, url], capture_output=True, timeout=60)


def test_server_with_curl(server, certificates):
    done = curl(server, certificates, "--ssl-reqd")
    assert done.returncode == 0 and done.stdout == MESSAGE, done.stderr
    assert curl(server, certificates, "--ssl-reqd", password="wrong").returncode == 67
    server.says(b"session: EPOP_OK\n")


def test_server_with_poplib(server, certificates):
    context = trusting(certificates.ca.cert)
    if server.mode == "tls":
        session = poplib.POP3_SSL("127.0.0.1", server.port, context=context, timeout=PATIENCE)
    else:
        session = poplib.POP3("127.0.0.1", server.port, timeout=PATIENCE)
        assert "USER" not in session.capa()
        with pytest.raises(poplib.error_proto):
            session.user("joe")
        session.stls(context)
    session.user("joe")
    session.pass_("hello")
    assert session.stat() == (1, len(MESSAGE))
    assert b"".join(line + b"\r\n" for line in session.retr(1)[1]) == MESSAGE
    session.dele(1)
    session.quit()
    server.says(b"deleted 1\nsession: EPOP_OK\n")


def test_server_sees_that_the_client_was_cut(server, certificates):
    if server.mode == "tls":
        with SecureDialogue(server.port, certificates.ca.cert) as session:
            session.login(b"joe", b"hello").ok(b"DELE 1")
            session.socket.shutdown(socket.SHUT_RDWR)  # and no close_notify
    else:
        with Dialogue(server.port) as session:
            session.ok(b"CAPA")
    server.says(b"session: EPOP_ERR_PEER_EOF\n")
    assert b"deleted" not in server.said()
    assert curl(server, certificates, "--ssl-reqd").stdout == MESSAGE, "the next one is served"


INJECTED = b"STLS\r\nUSER mallory\r\n"


@pytest.mark.parametrize("server", [(library, "stls") for library in LIBRARIES], ids="-".join, indirect=True)
@pytest.mark.parametrize("cut", [1, 5, 6, 7, 12, len(INJECTED)])
def test_server_plaintext_behind_stls(server, certificates, cut):
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as session:
        assert session.recv(4096).startswith(b"+OK")
        pieces(session, INJECTED[:cut], INJECTED[cut:])
        said = b""
        try:
            while piece := session.recv(65536):
                said += piece
        except ConnectionResetError:
            pass
    assert said.count(b"+OK") + said.count(b"-ERR") <= 1, said
    server.says(b"session: EPOP_ERR_PEER_")
    assert re.search(rb"session: EPOP_ERR_PEER_(PLAINTEXT|TLS)\n", server.said()), server.said()
    if cut > 6:
        assert b"EPOP_ERR_PEER_PLAINTEXT" in server.said()
    assert curl(server, certificates, "--ssl-reqd").stdout == MESSAGE, "the next one is served"
