"""popd's TLS as its operator sees it: which cipher suites it takes, and what the log says of handshakes that fail.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re
import socket
import ssl
import subprocess

import pytest

from certificates import Certificates
from deadline import PATIENCE, until
from dialogue import SecureDialogue, trusting
from programs import EX_USAGE, program

EX_CONFIG = 78


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def shaken(server, context):
    """The name of the cipher suite; None where the handshake failed."""
    with socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as session:
                return session.cipher()[0]
        except (ssl.SSLError, ConnectionError):
            return None


def of_tls_1_2(ca, ciphers):
    context = trusting(ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    return context


# What OpenSSL calls the suites.
@pytest.mark.parametrize(
    "cipher", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-CAMELLIA128-SHA256"]
)
def test_no_weak_suite(popd, certificates, cipher):
    server = popd(certificate=certificates.server)
    assert shaken(server, of_tls_1_2(certificates.ca.cert, cipher)) is None
    assert shaken(server, of_tls_1_2(certificates.ca.cert, cipher + ":ECDHE-ECDSA-AES256-GCM-SHA384")) is not None


def test_suites_that_the_operator_names(popd, certificates):
    """Those, in that order, and no other one, a weak one among them."""
    names = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256"
    server = popd("--tls-ciphers", names, certificate=certificates.server)
    right = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
    assert shaken(server, of_tls_1_2(certificates.ca.cert, right)) == "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert shaken(server, of_tls_1_2(certificates.ca.cert, right.partition(":")[0])) == "ECDHE-ECDSA-AES128-SHA256"
    assert shaken(server, of_tls_1_2(certificates.ca.cert, "ECDHE-ECDSA-AES128-GCM-SHA256")) is None


GOOD = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"


@pytest.mark.parametrize("names", ["", "TLS_NONE", f"{GOOD},", "x" * 1000, ",".join([GOOD] * 33)])
def test_suites_that_are_none(tmp_path, certificates, names):
    (tmp_path / "users").write_text("alice:{PLAIN}x\n")
    command = [program("popd"), "--root", tmp_path, "--users", tmp_path / "users", *certificates.server.options()]
    done = subprocess.run(
        [*map(str, command), "--listen", "127.0.0.1:0", "--tls-ciphers", names], capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == EX_CONFIG and b"--tls-ciphers" in done.stderr, done


def test_suites_without_a_certificate(tmp_path):
    command = [program("popd"), "--root", str(tmp_path), "--users", str(tmp_path / "users")]
    done = subprocess.run(
        [*command, "--tls-ciphers", GOOD], capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == EX_USAGE and b"--cert" in done.stderr, done


def closed(server, count=1):
    """The fields of the lines that say that a connection is closed, as soon as there are so many."""

    def lines():
        found = re.findall(r"^\S+ closed (.*)$", server.log.read_text(errors="replace"), re.M)
        return found if len(found) >= count else None

    return until(lines, "popd logs the end of the connection")


def test_log_of_a_handshake_without_a_common_suite(popd, certificates):
    server = popd(certificate=certificates.server)
    assert shaken(server, of_tls_1_2(certificates.ca.cert, "AES128-SHA256")) is None
    (line,) = closed(server)
    assert "reason=EPOP_ERR_PEER_TLS" in line and re.search(r'cause="[^"]*[Cc]iphersuite', line), line


def test_log_of_a_client_that_does_not_trust(popd, certificates):
    server = popd(certificate=certificates.server)
    assert shaken(server, trusting(certificates.other_ca.cert)) is None
    (line,) = closed(server)
    assert "reason=EPOP_ERR_PEER_TLS" in line and re.search(r'cause="[^"]*fatal alert', line), line


def test_log_of_a_client_without_tls(popd, certificates):
    server = popd(certificate=certificates.server)
    with socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE) as session:
        session.sendall(b"CAPA\r\n" * 4)
        session.settimeout(PATIENCE)
        while session.recv(4096):
            pass
    (line,) = closed(server)
    assert "reason=EPOP_ERR_PEER_TLS" in line and re.search(r'cause="[^"]*ClientHello', line), line


def test_log_of_a_session_that_went_well_has_no_cause(popd, certificates):
    server = popd(certificate=certificates.server)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
        session.ok(b"QUIT")
    (line,) = closed(server)
    assert "cause" not in line, line
