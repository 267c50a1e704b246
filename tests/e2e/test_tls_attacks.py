"""Attacks on TLS: octets before it, STLS taken away, certificates that prove nothing, connections that are cut.

Whatever happens, the victim says what it was, and no secret has left it: the hostile server remembers every octet.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import contextlib
import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from certificates import Certificates
from deadline import PATIENCE, until
from dialogue import Dialogue, SecureDialogue, trusting
from mails import fill, sent_by_epop, small, stored, with_lf
from minipop import stuffed
from programs import EX_OK, EX_PROTOCOL, EX_REFUSED, EX_TEMPFAIL, PASSWORD, popget, popget_command, popget_environment
from sockets import pieces
from tlspop import TlsPop, tells


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def run(server, *args, ca, tls=False, options=(), status=None, host="localhost", **more):
    """popget, which ends by itself, tells no secret to its terminal, and none to this server."""
    options = ["--ca", ca, *options] if ca else options
    scheme = "pops" if tls else "pop"
    done = popget(
        *(args or ["--list"]),
        port=server.port,
        host=host,
        scheme=scheme,
        options=options,
        status=None,
        timeout=120,
        **more,
    )
    assert status is None or done.returncode == status, (done.returncode, done.stderr)
    return done


def named(done, name):
    """One error, by its name of epop/base.h."""
    assert done.stderr.startswith(b"popget: ") and len(done.stderr) < 4096
    assert name.encode() in done.stderr, done.stderr


def kept_secret(server):
    assert tells(server.heard, PASSWORD) == []


def test_all_is_well(certificates, tmp_path):
    """The server of these tests, when it does not lie."""
    for tls in (False, True):
        with TlsPop(certificates.server, small(), implicit=tls) as server:
            run(server, "--maildir", tmp_path / str(tls), ca=certificates.ca.cert, tls=tls, status=EX_OK)
            assert server.secured == 1 and tells(server.heard, PASSWORD) == [PASSWORD]
            assert len(stored(tmp_path / str(tls))) == len(small())


FORGED = b"+OK\r\n+OK forged\r\n"


@pytest.mark.parametrize("cut", range(1, len(FORGED) + 1))
def test_plaintext_behind_the_answer_to_stls(certificates, cut):
    """Every way to cut it. The forged line must not be the answer to anything that is said under TLS."""

    def stls(session, _):
        if pieces(session.socket, FORGED[:cut], FORGED[cut:]):
            session.start_tls()
        return b""

    with TlsPop(certificates.server, small(), STLS=stls) as server:
        done = run(server, ca=certificates.ca.cert)
        assert done.returncode == EX_PROTOCOL, done.stderr
        assert re.search(rb"EPOP_ERR_PEER_(PLAINTEXT|TLS)", done.stderr), done.stderr
        if cut > len(b"+OK\r\n"):
            named(done, "EPOP_ERR_PEER_PLAINTEXT")
        assert server.verbs() == [b"CAPA", b"STLS"] and server.secured == 0
        kept_secret(server)


def read_until_end(connection):
    out = b""
    try:
        while piece := connection.recv(65536):
            out += piece
    except ConnectionResetError:
        pass
    return out


INJECTED = b"STLS\r\nNOOP\r\n"


@pytest.mark.parametrize("cut", range(1, len(INJECTED) + 1))
def test_plaintext_behind_the_command_stls(popd, certificates, cut):
    """popd answers STLS and nothing else, and hangs up; a command before TLS is never run under it."""
    server = popd(certificate=certificates.server)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as session:
        assert session.recv(4096).startswith(b"+OK")
        pieces(session, INJECTED[:cut], INJECTED[cut:])
        said = read_until_end(session)
    assert said.count(b"+OK") + said.count(b"-ERR") <= 1, said
    # Behind the answer there may be one TLS alert.
    assert re.fullmatch(rb"(\+OK[^\r\n]*\r\n)?(\x15\x03[\x00-\x04]\x00\x02..)?", said, re.DOTALL), said
    closed = re.compile(rb"closed .*EPOP_ERR_PEER_(PLAINTEXT|TLS)")
    until(lambda: closed.search(server.log.read_bytes()), "popd says why it hung up")
    with Dialogue(server.port) as other:
        other.ok(b"USER alice")


def test_login_before_stls_is_forgotten(popd, certificates):
    """A name that was said in the clear is none under TLS (RFC 2595 section 4)."""
    server = popd(certificate=certificates.server)
    with Dialogue(server.port) as session:
        session.ok(b"USER alice")
        session.ok(b"STLS")
        session.socket = trusting(certificates.ca.cert).wrap_socket(session.socket, server_hostname="localhost")
        session.reader = session.socket.makefile("rb")
        session.refused(b"PASS " + PASSWORD.encode())
        session.refused(b"STLS")
        session.login().ok(b"STAT")


STRIPPED = [(), ("--tls", "required"), ("--tls", "required", "--allow-cleartext"), ("--tls", "optional")]


@pytest.mark.parametrize("options", STRIPPED, ids=["default", "required", "required-cleartext", "optional"])
def test_stls_is_not_announced(certificates, options):
    with TlsPop(certificates.server, small(), stls=False) as server:
        done = run(server, ca=certificates.ca.cert, options=options, status=EX_REFUSED)
        assert re.search(rb"EPOP_ERR_LOGIN_(NO_STLS|CLEARTEXT)", done.stderr), done.stderr
        if "optional" not in options:
            named(done, "EPOP_ERR_LOGIN_NO_STLS")
        assert not {b"USER", b"PASS", b"AUTH", b"APOP"} & set(server.verbs())
        kept_secret(server)


def test_stls_is_not_announced_and_need_not_be(certificates):
    """The one way to log in without: by two words of the user."""
    with TlsPop(certificates.server, small(), stls=False) as server:
        run(server, ca=certificates.ca.cert, options=("--tls", "optional", "--allow-cleartext"), status=EX_OK)
        assert b"PASS" in server.verbs()


@pytest.mark.parametrize("options", [(), ("--tls", "optional"), ("--tls", "optional", "--allow-cleartext")])
@pytest.mark.parametrize(
    "answer, status", [(b"-ERR no\r\n", EX_REFUSED), (b"-ERR [SYS/TEMP] later\r\n", EX_TEMPFAIL)], ids=["no", "later"]
)
def test_stls_is_refused(certificates, options, answer, status):
    """Announced and refused is no reason for clear text, even where clear text is allowed."""
    with TlsPop(certificates.server, small(), STLS=answer) as server:
        done = run(server, ca=certificates.ca.cert, options=options, status=status)
        named(done, "EPOP_ERR_LOGIN_STLS_REFUSED")
        assert not {b"USER", b"PASS", b"AUTH", b"APOP"} & set(server.verbs())
        kept_secret(server)


def test_stls_answered_by_rubbish(certificates):
    """+OK, and then no TLS."""

    def stls(session, _):
        session.send(b"+OK\r\n")
        session.socket.recv(65536)
        return b"+OK still here\r\n"

    with TlsPop(certificates.server, small(), STLS=stls) as server:
        done = run(server, ca=certificates.ca.cert)
        assert done.returncode not in (EX_OK, EX_REFUSED)
        assert re.search(rb"EPOP_ERR_PEER_(TLS|PLAINTEXT)", done.stderr), done.stderr
        kept_secret(server)


BAD = ["wrong_name", "expired", "early", "self_signed", "other"]


@pytest.mark.parametrize("options", [(), ("--tls", "optional", "--allow-cleartext")], ids=["required", "optional"])
@pytest.mark.parametrize("tls", [False, True], ids=["stls", "tls"])
@pytest.mark.parametrize("bad", BAD)
def test_certificate(certificates, bad, tls, options):
    with TlsPop(getattr(certificates, bad), small(), implicit=tls) as server:
        done = run(server, ca=certificates.ca.cert, tls=tls, options=options)
        assert done.returncode not in (EX_OK, EX_TEMPFAIL), "to try again is no remedy"
        named(done, "EPOP_ERR_PEER_CERTIFICATE")
        assert server.verbs() == ([] if tls else [b"CAPA", b"STLS"])
        kept_secret(server)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_name_of_the_host(certificates, host):
    """A name, and an address as an address (RFC 6125 appendix B.2: it is in the certificate as one)."""
    with TlsPop(certificates.server, small()) as server:
        run(server, ca=certificates.ca.cert, host=host, status=EX_OK)


def test_unknown_authority(certificates):
    """Without --ca the authorities of the system decide; ours is none of them."""
    with TlsPop(certificates.server, small()) as server:
        done = run(server, ca=None)
        assert done.returncode != EX_OK
        assert b"PASS" not in server.verbs() and b"AUTH" not in server.verbs()
        kept_secret(server)


def test_self_signed_can_be_trusted_by_name(certificates):
    with TlsPop(certificates.self_signed, small()) as server:
        run(server, ca=certificates.self_signed.cert, status=EX_OK)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls(popd, certificates, version):
    server = popd(certificate=certificates.server)
    context = trusting(certificates.ca.cert)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = version
    context.maximum_version = version
    with socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname="localhost").recv(1)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
        session.login().ok(b"STAT")


def test_plaintext_on_the_port_of_tls(popd, certificates):
    server = popd(certificate=certificates.server)
    with socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE) as session:
        session.sendall(b"USER alice\r\nPASS " + PASSWORD.encode() + b"\r\n")
        said = read_until_end(session)
    assert b"+OK" not in said and b"-ERR" not in said


WARNING = bytes.fromhex("1503030002015a")  # user_canceled, which ends nothing


def client_hello():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    return out.read()


def test_handshake_without_end(popd, certificates):
    """One client that fills the line with warnings must not keep the server from the others: somebody else is served
    while it still does."""
    server = popd(certificate=certificates.server)
    flood = WARNING * 100000
    sent = []

    def fill_line(session):
        with contextlib.suppress(OSError):
            for _ in range(300):
                session.sendall(flood)
                sent.append(1)

    with socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE) as session:
        session.sendall(client_hello())
        assert session.recv(5)[0] == 22, "the server has taken part"
        flooder = threading.Thread(target=fill_line, args=(session,))
        flooder.start()
        until(lambda: len(sent) > 2 or not flooder.is_alive(), "the line is full")
        assert flooder.is_alive(), "the server has to take warnings for this test to say something"
        with Dialogue(server.port) as other:
            other.ok(b"USER alice")
        assert flooder.is_alive(), "nobody was served before the flood was over"
        session.shutdown(socket.SHUT_RDWR)
        flooder.join()


def test_server_whose_handshake_has_no_end(certificates):
    """popget ends when it is told to, and not when the server is tired of it."""
    sent = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def flood():
            with listener.accept()[0] as session, contextlib.suppress(OSError):
                while True:
                    session.sendall(WARNING * 100000)
                    sent.append(1)

        flooder = threading.Thread(target=flood)
        flooder.start()
        port = listener.getsockname()[1]
        command = popget_command("--list", port=port, scheme="pops", options=["--ca", certificates.ca.cert])
        with subprocess.Popen(command, env=popget_environment(), stderr=subprocess.PIPE) as process:
            try:
                until(lambda: len(sent) > 2 or not flooder.is_alive(), "the line is full")
                assert process.poll() is None, process.stderr.read()
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 128 + signal.SIGTERM
            finally:
                process.kill()
        flooder.join()


@pytest.mark.parametrize("tls", [False, True], ids=["stls", "tls"])
@pytest.mark.parametrize("where", ["in the header", "in the last line", "before the dot"])
def test_tls_is_cut_within_a_message(certificates, tmp_path, where, tls):
    """TCP ends and TLS has not said so: half a message is none, and stays. What another session deletes is stored."""
    wire = stuffed(sent_by_epop(small()[2]))
    cut = {"in the header": 5, "in the last line": len(wire) - 5, "before the dot": len(wire) - 3}[where]

    def retr(session, argument):
        if int(argument) != 3:
            return None
        session.end()  # the socket is closed, without a close_notify
        return b"+OK\r\n" + wire[:cut]

    with TlsPop(certificates.server, small(), implicit=tls, RETR=retr) as server:
        done = run(server, "--maildir", tmp_path / "in", "--delete", ca=certificates.ca.cert, tls=tls)
        assert done.returncode == EX_TEMPFAIL, done.stderr
        have = stored(tmp_path / "in")
        assert with_lf(sent_by_epop(small()[2])) not in have
        whole = [with_lf(sent_by_epop(raw)) for raw in small()]
        assert all(message in whole for message in have)
        assert 3 in server.maildrop, "half a message is deleted"
        gone = [message for number, message in enumerate(whole, 1) if number not in server.maildrop]
        assert all(message in have for message in gone), "something is deleted that is not stored"


@pytest.mark.parametrize("how", ["fin", "reset", "close_notify"])
def test_client_cuts_tls_before_quit(popd, certificates, how):
    """Deletions need a QUIT, however politely the connection ends."""
    server = popd(certificate=certificates.server, prepare=lambda server: fill(server.maildir(), small()))
    session = SecureDialogue(server.tls_port, certificates.ca.cert).login()
    session.ok(b"DELE 1")
    if how == "close_notify":
        session.reader.close()
        session.socket.unwrap()
        session.socket.close()
    elif how == "reset":
        session.reset()
    else:
        session.close()
    until(lambda: b"closed" in server.log.read_bytes(), "popd sees the end")
    assert len(stored(server.maildir())) == len(small())
