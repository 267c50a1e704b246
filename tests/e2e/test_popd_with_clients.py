"""popd with other people's clients: curl, mpop, fetchmail and Python's poplib. List, fetch, compare, delete, vanish.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import poplib
import re
import signal
import subprocess

import pytest

from deadline import until
from dialogue import Dialogue
from mails import assert_same, files, fill, mixed, sent_by_epop, small, stored, with_lf
from peers import peer
from programs import PASSWORD
from proxy import CuttingProxy

USER = "alice"


def call(command, ok=True, patience=300, **where):
    """Runs a client. Where it need not succeed it need not end either: it is killed then."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=patience, **where)
    except subprocess.TimeoutExpired:
        assert not ok, f"{command} does not end"
        return subprocess.CompletedProcess(command, -signal.SIGKILL, b"", b"")
    assert not ok or done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr!r}"
    return done


class Curl:
    """Gets what is on the wire, CRLF and all; deletes by a command of its own, in a session of its own."""

    def __init__(self, folder, port):
        self.binary = peer("curl")
        self.base = [self.binary, "-sS", "--max-time", "120", "-u", f"{USER}:{PASSWORD}"]
        self.url = f"pop3://127.0.0.1:{port}/"
        self.folder = folder / "curl"

    def count(self):
        return self._rows(call([*self.base, self.url]))

    @staticmethod
    def _rows(listed):
        # It gives an empty line for a response of no lines.
        return len(listed.stdout.split()) // 2

    def fetch(self, delete=False, ok=True):
        self.folder.mkdir(exist_ok=True)
        listed = call([*self.base, self.url], ok=ok)
        count = self._rows(listed)
        if listed.returncode == 0 and count:
            done = call([*self.base, "--fail-early", f"{self.url}[1-{count}]", "-o", self.folder / "#1"], ok=ok)
            # Every run is a session that ends with QUIT: the last message first, so that no number changes.
            for number in range(count, 0, -1) if delete and done.returncode == 0 else ():
                call([*self.base, "-l", "-X", "DELE", f"{self.url}{number}"])
        return [path.read_bytes() for path in self.folder.iterdir()]

    @staticmethod
    def messages(count):
        # For an empty message it gives an empty line.
        return [raw for raw in mixed(count) if raw]

    @staticmethod
    def form(raw):
        return sent_by_epop(raw)


class Mpop:
    """Delivers to a Maildir, with LF."""

    def __init__(self, folder, port):
        self.binary = peer("mpop")
        self.config = folder / "mpoprc"
        self.maildir = folder / "mpop"
        self.port = port
        for name in ("cur", "new", "tmp"):
            (self.maildir / name).mkdir(parents=True)

    def _run(self, *options, keep="on", ok=True):
        self.config.write_text(
            f"account default\nhost 127.0.0.1\nport {self.port}\ntls off\nauth user\nuser {USER}\n"
            f"password {PASSWORD}\nreceived_header off\nkeep {keep}\nuidls_file {self.config}.uidls\n"
            f"delivery maildir {self.maildir}\ntimeout 60\n"
        )
        self.config.chmod(0o600)
        # mpop 1.4 spins for ever at the end of a connection that was cut at certain places.
        return call([self.binary, "-C", self.config, *options], ok=ok, patience=300 if ok else 30)

    def count(self):
        said = self._run("--status-only").stdout
        match = re.search(rb"(\d+) messages? in", said)
        return int(match.group(1)) if match else 0

    def fetch(self, delete=False, ok=True):
        self._run(keep="off" if delete else "on", ok=ok)
        # What was cut it leaves in tmp, where nobody takes it for a message.
        return [path.read_bytes() for path in (self.maildir / "new").iterdir()]

    @staticmethod
    def messages(count):
        return mixed(count, odd=False)

    @staticmethod
    def form(raw):
        return with_lf(sent_by_epop(raw))


class Fetchmail:
    """Hands each message to a delivery program, with LF."""

    def __init__(self, folder, port):
        self.binary = peer("fetchmail")
        self.home = folder / "fetchmail"
        self.home.mkdir()
        self.taken = folder / "taken"
        self.taken.mkdir()
        self.port = port
        deliver = self.home / "deliver"
        deliver.write_text(f'#!/bin/sh\nexec cat >"$(mktemp {self.taken}/XXXXXX)"\n')
        deliver.chmod(0o755)

    def _run(self, *options, keep=True):
        config = self.home / "fetchmailrc"
        config.write_text(
            f"poll 127.0.0.1 service {self.port} protocol pop3 auth password no envelope\n"
            f'  user "{USER}" password "{PASSWORD}" fetchall {"keep" if keep else "no keep"} no rewrite\n'
            f'  sslproto "" mda "{self.home}/deliver"\n'
        )
        config.chmod(0o600)
        env = {**os.environ, "HOME": str(self.home), "FETCHMAILHOME": str(self.home)}
        return call(
            [self.binary, "-f", config, "--nodetach", "--invisible", "--timeout", "60", *options], ok=False, env=env
        )

    def count(self):
        said = self._run("--check").stdout
        match = re.search(rb"(\d+) messages? ", said)
        return int(match.group(1)) if match else 0

    def fetch(self, delete=False, ok=True):
        done = self._run(keep=not delete)
        # 1 is "no mail", which is no failure (fetchmail(1), EXIT CODES).
        assert not ok or done.returncode in (0, 1), done.stdout + done.stderr
        return [path.read_bytes() for path in self.taken.iterdir()]

    @staticmethod
    def messages(count):
        # Lines over 8 KiB do not come through fetchmail 6.4 unharmed.
        return mixed(count, ["lf", "crlf", "dots", "mixed", "open-end"], odd=False)

    @staticmethod
    def form(raw):
        return with_lf(sent_by_epop(raw))


class Poplib:
    """Python's own, which gives lines."""

    def __init__(self, _, port):
        self.port = port

    def _login(self):
        session = poplib.POP3("127.0.0.1", self.port, timeout=60)
        session.user(USER)
        session.pass_(PASSWORD)
        return session

    def count(self):
        session = self._login()
        count = session.stat()[0]
        assert len(session.list()[1]) == len(session.uidl()[1]) == count
        session.quit()
        return count

    def fetch(self, delete=False, ok=True):
        out = []
        try:
            session = self._login()
            for number in range(1, session.stat()[0] + 1):
                # It joins what it has split, so every octet can be had back.
                out.append(b"".join(line + b"\r\n" for line in session.retr(number)[1]))
                if delete:
                    session.dele(number)
            session.quit()
        except (OSError, EOFError, poplib.error_proto):
            assert not ok
        return out

    @staticmethod
    def messages(count):
        return mixed(count)

    @staticmethod
    def form(raw):
        return sent_by_epop(raw)


CLIENTS = {"curl": Curl, "mpop": Mpop, "fetchmail": Fetchmail, "poplib": Poplib}


@pytest.fixture(params=CLIENTS)
def kind(request, monkeypatch):
    # poplib refuses longer lines than 2,048 octets, a limit of its own.
    monkeypatch.setattr(poplib, "_MAXLINE", 1 << 20)
    return CLIENTS[request.param]


def serve(popd, messages):
    server = popd(prepare=lambda server: fill(server.maildir(), messages))
    return server, files(server.maildir())


def contents(server):
    """The messages of the maildrop, wherever a server may have moved their files."""
    return sorted(stored(server.maildir()))


def test_list(popd, kind, tmp_path):
    server, before = serve(popd, small(7))
    assert kind(tmp_path, server.port).count() == 7
    assert sorted(before.values()) == contents(server)


def test_fetch_and_keep(popd, kind, tmp_path):
    messages = kind.messages(200)
    server, before = serve(popd, messages)
    assert_same(kind(tmp_path, server.port).fetch(), [kind.form(raw) for raw in messages])
    assert sorted(before.values()) == contents(server)


def test_delete_and_reconnect(popd, kind, tmp_path):
    messages = kind.messages(40)
    server, _ = serve(popd, messages)
    client = kind(tmp_path, server.port)
    assert_same(client.fetch(delete=True), [kind.form(raw) for raw in messages])
    assert contents(server) == []
    assert client.count() == 0


@pytest.mark.parametrize("tenths", [0, 3, 5, 7, 9])
def test_cut_connection(popd, kind, tmp_path, tenths):
    """The connection ends while a client fetches and deletes: the maildrop is as it was, the next run gets all."""
    messages = kind.messages(40)
    server, before = serve(popd, messages)
    with CuttingProxy(server.port) as whole:
        (tmp_path / "whole").mkdir()
        kind(tmp_path / "whole", whole.port).fetch()
    cut = whole.relayed * tenths // 10 + 3
    with CuttingProxy(server.port, cut, reset=tenths % 2 == 1) as proxy:
        client = kind(tmp_path, proxy.port)
        # curl 7.88 takes a message that was cut for a whole one, so nobody may delete by what it says.
        client.fetch(delete=kind is not Curl, ok=False)
        assert contents(server) == sorted(before.values())
        until(lambda: _free(server.port), "popd lets the user in again")
        got = client.fetch()
    assert {kind.form(raw) for raw in messages} <= set(got)


def _free(port):
    with Dialogue(port) as session:
        session.ok(b"USER " + USER.encode())
        answer = session.command(b"PASS " + PASSWORD.encode())
        session.command(b"QUIT")
        return answer.startswith(b"+OK")


def test_poplib_top_and_rset(popd):
    raw = b"Subject: top\n\none\n.two\nthree\n"
    server, _ = serve(popd, [raw, raw])
    session = poplib.POP3("127.0.0.1", server.port, timeout=60)
    session.user(USER)
    session.pass_(PASSWORD)
    assert session.top(1, 0)[1] == [b"Subject: top", b""]
    assert session.top(1, 2)[1] == [b"Subject: top", b"", b"one", b".two"]
    assert session.top(1, 99)[1] == [b"Subject: top", b"", b"one", b".two", b"three"]
    session.dele(1)
    assert session.stat() == (1, len(sent_by_epop(raw)))
    session.rset()
    assert session.stat() == (2, 2 * len(sent_by_epop(raw)))
    assert session.list(2) == b"+OK 2 %d" % len(sent_by_epop(raw))
    session.quit()
    assert contents(server) == [raw, raw]


def test_curl_sees_the_capabilities(popd):
    server, _ = serve(popd, small())
    done = call([peer("curl"), "-sS", "-v", "-u", f"{USER}:{PASSWORD}", f"pop3://127.0.0.1:{server.port}/1"])
    assert done.stdout == sent_by_epop(small()[0])
    for tag in (b"TOP", b"UIDL", b"USER", b"PIPELINING", b"RESP-CODES", b"AUTH-RESP-CODE"):
        assert b"< " + tag + b"\r\n" in done.stderr
