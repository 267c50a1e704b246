"""popd among many: those who hold places or make it hash keep nobody else out, and a commit waits for no socket.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import ctypes.util
import hashlib
import hmac
import shutil
import signal
import socket
import subprocess
import time

import pytest

from certificates import Certificates
from deadline import PATIENCE, until
from dialogue import Dialogue
from mails import fill, small, stored
from preload import preload
from programs import PASSWORD
from test_popd_waits import STUCK


class From(Dialogue):
    """A connection from another address of this machine."""

    def __init__(self, port, address="127.0.0.2"):
        self.address = address
        super().__init__(port)

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port), PATIENCE, (self.address, 0))


def hashed(user, iterations):
    """A line of the users file, by Python's hashlib."""
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"sixteen octets!!", iterations)
    key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = b"sixteen octets!!", key, hmac.digest(salted, b"Server Key", "sha256")
    return f"{user}:{{SCRAM-SHA-256}}{iterations}," + ",".join(base64.b64encode(part).decode() for part in parts)


# ---- Places


def test_login_timeout(popd, tmp_path):
    """It counts from accept; neither octets nor commands nor a handshake that is never begun move it."""
    server = popd("--login-timeout", "1", certificate=Certificates(tmp_path).server)
    member = Dialogue(server.port).login()
    silent, eager = Dialogue(server.port), Dialogue(server.port)
    with socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE) as shaking:
        try:
            for _ in range(1000):
                eager.ok(b"CAPA")
                eager.rows()
                time.sleep(0.01)
            raise AssertionError("commands have moved the deadline")
        except (ConnectionError, AssertionError) as ended:
            assert "moved" not in str(ended)
        assert silent.ended() and shaking.recv(1) == b""
    until(lambda: server.log.read_bytes().count(b"reason=EPOP_ERR_PEER_TIMEOUT") == 3, "the log tells")
    member.ok(b"STAT")


def test_max_sessions(popd):
    """The place of one who has not logged in goes to the next who comes, the oldest first; members keep theirs."""
    server = popd("--max-sessions", "3", users=("alice", "bob", "carol"))
    alice, first, second = Dialogue(server.port).login(), Dialogue(server.port), Dialogue(server.port)
    bob = Dialogue(server.port)
    assert bob.greeting.startswith(b"+OK") and first.ended()
    second.ok(b"CAPA")
    second.rows()
    bob.login(b"bob")
    carol = Dialogue(server.port).login(b"carol")
    assert second.ended()
    with Dialogue(server.port) as refused:
        assert refused.greeting.startswith(b"-ERR [SYS/TEMP]") and refused.ended()
    for member in (alice, bob, carol):
        member.ok(b"STAT")
    carol.ok(b"QUIT")
    until(lambda: Dialogue(server.port).greeting.startswith(b"+OK"), "a place is free again")
    assert b"refused" in server.log.read_bytes() and b"reason=max-sessions\n" in server.log.read_bytes()


def test_max_sessions_per_address(popd):
    server = popd("--max-sessions-per-address", "2", users=("alice", "bob"))
    first, second = Dialogue(server.port).login(), Dialogue(server.port)
    with Dialogue(server.port) as refused:
        assert refused.greeting.startswith(b"-ERR [SYS/TEMP]") and refused.ended()
    with From(server.port) as other:
        assert other.greeting.startswith(b"+OK")
        other.login(b"bob").ok(b"QUIT")
    first.ok(b"STAT")
    assert b"reason=max-sessions-per-address" in server.log.read_bytes()
    second.close()
    until(lambda: Dialogue(server.port).greeting.startswith(b"+OK"), "the place is free again")


# ---- Hashes

COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <psa/crypto.h>

static long macs;

__attribute__((destructor)) static void tell(void)
{
    FILE *file = fopen(getenv("MACS"), "w");

    fprintf(file, "%ld\n", macs);
    fclose(file);
}

psa_status_t psa_mac_sign_finish(psa_mac_operation_t *operation, uint8_t *mac, size_t size, size_t *length)
{
    psa_status_t (*next)(psa_mac_operation_t *, uint8_t *, size_t, size_t *) = dlsym(RTLD_NEXT, "psa_mac_sign_finish");

    macs++;
    return next(operation, mac, size, length);
}
"""


def test_scram_costs_no_hash(popd, tmp_path):
    """RFC 5802 section 3: a server needs a few HMACs for a login, not the rounds that its keys were made by. Of that any
    exchange that is begun and cancelled is free, whether the name is known or not."""
    if not ctypes.util.find_library("mbedcrypto"):
        pytest.skip("mbedTLS is no shared library here")
    counted = tmp_path / "macs"
    server = popd(
        "--max-login-failures",
        "1000",
        lines=[hashed("alice", 4096)],
        users=("alice",),
        release=True,
        environment={"LD_PRELOAD": preload(tmp_path, "counter", COUNTER), "MACS": str(counted)},
    )
    for name in (b"alice", b"nobody"):
        exchange = b"AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,,n=%s,r=abcdefgh" % name) + b"\r\n*\r\nCAPA\r\n"
        for _ in range(40):
            with Dialogue(server.port) as session:
                session.send(exchange * 2)
                assert session.line().startswith(b"+ ")
                assert session.line().startswith(b"-ERR")
    server.stop()
    assert 0 < int(counted.read_text()) < 4096


def test_keys_of_passwords_are_made_once(popd, tmp_path):
    """Also where the login comes before they are made; and not anew for every login."""
    if not ctypes.util.find_library("mbedcrypto"):
        pytest.skip("mbedTLS is no shared library here")
    counted = tmp_path / "macs"
    server = popd(
        release=True,
        certificate=Certificates(tmp_path).server,
        environment={"LD_PRELOAD": preload(tmp_path, "counter", COUNTER), "MACS": str(counted)},
    )
    first = b"AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,,n=alice,r=abcdefgh")
    salts = set()
    for _ in range(30):
        with Dialogue(server.port) as session:
            challenge = base64.b64decode(session.command(first).partition(b" ")[2])
            salts.add(challenge.partition(b",")[2])
    server.stop()
    assert len(salts) == 1
    assert int(counted.read_text()) < 3 * 4096  # once for each of two hashes, and some for the exchanges


def test_hashing_goes_round_the_addresses(popd):
    """Forty logins of one address have to be hashed; one of another address is done long before the last of them."""
    server = popd(
        "--max-login-failures",
        "1000",
        "--login-failure-delay",
        "0",
        lines=[hashed("alice", 100_000)],
        users=("alice",),
        release=True,
    )
    crowd = [Dialogue(server.port) for _ in range(40)]
    with From(server.port) as other:
        for session in crowd:
            session.send(b"USER alice\r\nPASS wrong\r\n" * 3)
        assert crowd[-1].line().startswith(b"+OK")  # now all of them wait
        other.login().ok(b"QUIT")
        assert server.log.read_bytes().count(b"login-failed") < 20
    for session in crowd:
        session.reset()


def test_client_vanishes_while_its_password_is_hashed(popd):
    server = popd(lines=[hashed("alice", 400_000)], users=("alice",))
    for how in ("reset", "half_close", "close"):
        session = Dialogue(server.port)
        session.send(b"USER alice\r\nPASS " + PASSWORD.encode() + b"\r\n")
        session.line()
        getattr(session, how)()
    server.process.send_signal(signal.SIGHUP)
    with From(server.port) as other:
        other.ok(b"USER alice")
        assert other.command(b"PASS wrong").startswith(b"-ERR [AUTH]")


# ---- Commits


def test_commit_waits_for_no_socket(popd, tmp_path):
    """QUIT has been read, and the client reads none of the replies before it: what it marked goes, and popd ends when it
    is told to."""
    stuck = tmp_path / "stuck"
    server = popd(
        prepare=lambda server: fill(server.maildir(), small(20)),
        release=True,
        environment={"LD_PRELOAD": preload(tmp_path, "stuck", STUCK), "STUCK": str(stuck)},
    )
    session = Dialogue(server.port).login()
    stuck.touch()
    session.send(b"".join(b"DELE %d\r\n" % n for n in range(1, 21)) + b"CAPA\r\n" * 5 + b"QUIT\r\n")
    until(lambda: stored(server.maildir()) == [], "the deletions are made")
    server.process.send_signal(signal.SIGTERM)
    until(lambda: server.process.poll() is not None, "popd ends", 20)
    session.close()


@pytest.mark.parametrize(
    "opening",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\nUSER alice\r\nPASS " + PASSWORD.encode() + b"\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"EHLO client.example\r\nQUIT\r\n",
        b"a1 CAPABILITY\r\na2 LOGOUT\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["post", "get", "smtp", "imap", "tls"],
)
def test_another_protocol(popd, opening):
    """The connection ends at once; nothing of what follows is taken for POP3."""
    server = popd(prepare=lambda server: fill(server.maildir(), small(2)))
    with Dialogue(server.port) as session:
        session.send(opening)
        assert session.line().startswith(b"-ERR") and session.ended()
    until(lambda: b"reason=EPOP_ERR_PEER_PROTOCOL" in server.log.read_bytes(), "the log tells")
    assert stored(server.maildir()) == small(2)


def test_curl_by_http(popd):
    """A web page may make a browser send a form to any port."""
    curl = shutil.which("curl") or pytest.skip("curl")
    server = popd(prepare=lambda server: fill(server.maildir(), small(2)))
    body = f"x=\r\nUSER alice\r\nPASS {PASSWORD}\r\nDELE 1\r\nQUIT\r\n"
    done = subprocess.run(
        [curl, "--http0.9", "-s", "--max-time", "30", "-d", body, f"http://127.0.0.1:{server.port}/"],
        capture_output=True,
        check=False,
    )
    assert b"-ERR" in done.stdout + done.stderr
    assert stored(server.maildir()) == small(2)
