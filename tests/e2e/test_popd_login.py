"""popd with other people's clients over TLS: curl, mpop and fetchmail, by every mechanism that they have.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from mails import assert_same, sent_by_epop, small, stored, with_lf
from peers import peer
from programs import PASSWORD
from secure_popd import SecurePopd, is_token

WRONG = "wr0ng-Pa55word"
WAYS = ["stls", "tls"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = SecurePopd(tmp_path_factory.mktemp("popd"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def xoauth2(tmp_path_factory):
    """curl 7.88 takes OAUTHBEARER where it can, whatever it is told."""
    running = SecurePopd(tmp_path_factory.mktemp("popd"), ("XOAUTH2",))
    yield running
    running.stop()


def call(command, timeout=60, **where):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, **where
    )



def curl(server, user, mechanism, way, *options, secret=None):
    url = f"pop3://localhost:{server.port}/1" if way == "stls" else f"pop3s://localhost:{server.tls_port}/1"
    if is_token(mechanism):
        who = ["-u", user, "--oauth2-bearer", secret or server.token(user)]
    else:
        who = ["-u", f"{user}:{secret or PASSWORD}"]
    chosen = "+APOP" if mechanism == "APOP" else mechanism
    base = [peer("curl"), "-sS", "-v", "--max-time", 50, "--ssl-reqd", "--cacert", server.ca]
    return call([*base, *who, "--login-options", f"AUTH={chosen}", *options, url])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("initial", [(), ("--sasl-ir",)], ids=["two-lines", "one-line"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2", "APOP"])
def test_curl(request, mechanism, initial, way):
    server = request.getfixturevalue("xoauth2" if mechanism == "XOAUTH2" else "server")
    user = server.user(small(), mechanism)
    done = curl(server, user, mechanism, way, *initial)
    assert done.returncode == 0, done.stderr
    assert done.stdout == sent_by_epop(small()[0])
    assert (b"> APOP " if mechanism == "APOP" else b"> AUTH " + mechanism.encode()) in done.stderr


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2", "APOP"])
def test_curl_is_refused(request, mechanism):
    server = request.getfixturevalue("xoauth2" if mechanism == "XOAUTH2" else "server")
    user = server.user(small(), mechanism)
    done = curl(server, user, mechanism, "tls", secret=WRONG)
    assert done.returncode == 67, done.stderr  # CURLE_LOGIN_DENIED
    assert done.stdout == b""


def test_curl_without_tls(server):
    """Without --allow-cleartext there is no login before TLS."""
    user = server.user(small())
    url = f"pop3://127.0.0.1:{server.port}/1"
    done = call([peer("curl"), "-sS", "--max-time", 50, "-u", f"{user}:{PASSWORD}", url])
    assert done.returncode == 67 and done.stdout == b"", done.stderr


class Mpop:
    def __init__(self, server, folder):
        self.binary = peer("mpop")
        self.server = server
        self.config = folder / "mpoprc"
        self.maildir = folder / "mpop"
        for name in ("cur", "new", "tmp"):
            (self.maildir / name).mkdir(parents=True)

    def run(self, user, mechanism, way, secret):
        port = self.server.port if way == "stls" else self.server.tls_port
        self.config.write_text(
            f"account default\nhost localhost\nport {port}\nauth {mechanism.lower()}\nuser {user}\n"
            f"password {secret}\ntls on\ntls_starttls {'on' if way == 'stls' else 'off'}\n"
            f"tls_trust_file {self.server.ca}\nreceived_header off\nkeep on\nuidls_file {self.config}.uidls\n"
            f"delivery maildir {self.maildir}\ntimeout 50\n"
        )
        self.config.chmod(0o600)
        return call([self.binary, "-d", "-C", self.config])


def mpop_has(mechanism):
    """mpop is built with GNU SASL, or has few mechanisms."""
    said = call([peer("mpop"), "--version"]).stdout.decode()
    line = said.partition("Supported authentication methods:\n")[2].partition("\n")[0]
    if mechanism.lower() not in line.split():
        pytest.skip(f"peer mpop: built without {mechanism}")


MPOP = ["USER", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "APOP"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mechanism", MPOP)
def test_mpop(server, tmp_path, mechanism, way):
    mpop_has(mechanism)
    user = server.user(small(), mechanism)
    secret = server.token(user) if is_token(mechanism) else PASSWORD
    done = Mpop(server, tmp_path).run(user, mechanism, way, secret)
    assert done.returncode == 0, done.stdout + done.stderr
    verb = mechanism if mechanism in ("USER", "APOP") else f"AUTH {mechanism}"
    assert verb.encode() in done.stdout + done.stderr
    assert_same(stored(tmp_path / "mpop"), [with_lf(sent_by_epop(raw)) for raw in small()])


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "CRAM-MD5", "APOP"])
def test_mpop_is_refused(server, tmp_path, mechanism):
    mpop_has(mechanism)
    user = server.user(small(), mechanism)
    done = Mpop(server, tmp_path).run(user, mechanism, "tls", WRONG)
    assert done.returncode == 77, done.stdout + done.stderr  # EX_NOPERM
    assert stored(tmp_path / "mpop") == []


FETCHMAIL = {"password": "pop3", "cram-md5": "pop3", "any": "pop3", "apop": "apop"}


def fetchmail(server, folder, user, how, way, secret=PASSWORD):
    home = folder / "fetchmail"
    home.mkdir()
    taken = folder / "taken"
    taken.mkdir()
    deliver = home / "deliver"
    deliver.write_text(f'#!/bin/sh\nexec cat >"$(mktemp {taken}/XXXXXX)"\n')
    deliver.chmod(0o755)
    config = home / "fetchmailrc"
    port = server.port if way == "stls" else server.tls_port
    auth = "" if how == "apop" else f"auth {how}"
    config.write_text(
        f"poll localhost service {port} protocol {FETCHMAIL[how]} {auth} no envelope\n"
        f'  user "{user}" password "{secret}" fetchall keep no rewrite\n'
        f'  {"ssl" if way == "tls" else ""} sslproto "TLS1.2+" sslcertck sslcertfile "{server.ca}"\n'
        f'  mda "{deliver}"\n'
    )
    config.chmod(0o600)
    env = {**os.environ, "HOME": str(home), "FETCHMAILHOME": str(home)}
    done = call(
        [peer("fetchmail"), "-v", "-f", config, "--nodetach", "--invisible", "--timeout", "40"], timeout=120, env=env
    )
    return done, [path.read_bytes() for path in taken.iterdir()]


# fetchmail 6.4 says no STLS where its protocol is APOP.
@pytest.mark.parametrize("how, way", [(how, way) for how in FETCHMAIL for way in WAYS if how + way != "apopstls"])
def test_fetchmail(server, tmp_path, how, way):
    user = server.user(small())
    done, taken = fetchmail(server, tmp_path, user, how, way)
    assert done.returncode == 0, done.stdout + done.stderr
    verb = {"password": b"> USER", "cram-md5": b"> AUTH CRAM-MD5", "apop": b"> APOP", "any": b"> "}[how]
    assert verb in done.stdout
    assert (b"> STLS" in done.stdout) == (way == "stls")
    assert_same(taken, [with_lf(sent_by_epop(raw)) for raw in small()])


@pytest.mark.parametrize("how", ["password", "apop"])
def test_fetchmail_is_refused(server, tmp_path, how):
    user = server.user(small())
    done, taken = fetchmail(server, tmp_path, user, how, "tls", secret=WRONG)
    assert done.returncode == 3, done.stdout + done.stderr  # PS_AUTHFAIL
    assert taken == []
