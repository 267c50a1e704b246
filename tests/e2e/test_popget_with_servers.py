"""popget against servers: popd, Dovecot and popa3d. List, fetch, compare, delete, reconnect, lose the connection.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json
import mailbox
import os
import re
import signal
import subprocess

import pytest

from deadline import until
from dovecot import Dovecot
from mails import KINDS, assert_same, fill, mixed, sent_by_epop, small, stored, with_lf
from popa3d import Popa3d
from programs import EX_OK, EX_REFUSED, EX_TEMPFAIL, Popd, popget, popget_command, popget_environment
from proxy import CuttingProxy


class OwnPopd:
    """popd, seen as one server among others."""

    name = "popd"

    def __init__(self, folder, users=64):
        self.users = 0
        self.popd = Popd(folder, users=[f"user{n}" for n in range(1, users + 1)]).start()
        self.port = self.popd.port

    def user(self, messages):
        self.users += 1
        name = f"user{self.users}"
        fill(self.popd.maildir(name), messages)
        return name

    def left(self, user):
        return len(stored(self.popd.maildir(user)))

    @staticmethod
    def sent(raw):
        return sent_by_epop(raw)

    def stop(self):
        self.popd.stop()


@pytest.fixture(scope="module", params=["popd", "dovecot", "popa3d"])
def server(request, tmp_path_factory):
    kinds = {"popd": lambda: OwnPopd(tmp_path_factory.mktemp("popd")), "dovecot": Dovecot, "popa3d": Popa3d}
    running = kinds[request.param]()
    yield running
    running.stop()


def messages_for(server, count=200):
    """An mbox can hold neither a message without a header nor a CR that the server would not take for its own."""
    if server.name == "popa3d":
        return mixed(count, [kind for kind in KINDS if kind not in ("crlf", "mixed")], odd=False)
    return mixed(count, odd=server.name == "popd")


def expected(server, messages):
    return [with_lf(server.sent(raw)) for raw in messages]


def rows(user, port):
    done = popget("--list", "--json", port=port, user=user)
    return [json.loads(line) for line in done.stdout.splitlines()]


def fetch_patiently(*args, **where):
    """Again while the server still holds the maildrop for a connection that was cut."""

    def attempt():
        done = popget(*args, status=None, **where)
        assert done.returncode in (EX_OK, EX_TEMPFAIL), done.stderr
        return done.returncode == EX_OK

    until(attempt, "the server lets the user in again")


def test_list(server):
    messages = messages_for(server, 30)
    user = server.user(messages)
    listed = rows(user, server.port)
    assert len(listed) == len(messages)
    text = popget("--list", port=server.port, user=user).stdout.decode("ascii")
    assert len(text.splitlines()) >= len(messages)
    assert server.left(user) == len(messages)


@pytest.mark.parametrize("window", [1, 8, 200])
def test_fetch_into_maildir(server, tmp_path, window):
    messages = messages_for(server)
    user = server.user(messages)
    popget("--maildir", tmp_path / "in", "--pipeline", window, port=server.port, user=user)
    assert_same(stored(tmp_path / "in"), expected(server, messages))
    assert server.left(user) == len(messages), "messages are kept unless --delete is given"


def test_fetch_with_crlf(server, tmp_path):
    messages = messages_for(server, 60)
    user = server.user(messages)
    popget("--maildir", tmp_path / "in", "--crlf", port=server.port, user=user)
    assert_same(stored(tmp_path / "in"), [server.sent(raw) for raw in messages])


def test_fetch_to_stdout(server):
    user = server.user(small())
    done = popget("--stdout", port=server.port, user=user)
    for message in expected(server, small()):
        assert message in done.stdout


def test_fetch_into_mbox(server, tmp_path):
    """Python's mailbox module must find the same messages; it leaves the quoting of From lines to the reader."""
    messages = [
        b"Subject: 1\nMessage-ID: <1@mbox>\n\nhello\n\nfrom here\n",
        b"Subject: 2\nMessage-ID: <2@mbox>\n\nlast\n",
    ]
    user = server.user(messages)
    popget("--mbox", tmp_path / "box", port=server.port, user=user)
    box = mailbox.mbox(tmp_path / "box")
    assert_same([box.get_bytes(key) for key in box.keys()], messages)


def test_fetch_some_messages(server, tmp_path):
    messages = small(7)
    user = server.user(messages)
    popget("--maildir", tmp_path / "in", "--messages", "1,3-5", port=server.port, user=user)
    assert_same(stored(tmp_path / "in"), [messages[0], *messages[2:5]])


def test_delete_and_reconnect(server, tmp_path):
    messages = messages_for(server)
    user = server.user(messages)
    popget("--maildir", tmp_path / "in", "--delete", port=server.port, user=user)
    assert_same(stored(tmp_path / "in"), expected(server, messages))
    until(lambda: server.left(user) == 0, "the server has deleted the messages")
    assert rows(user, server.port) == []
    popget("--maildir", tmp_path / "again", "--delete", port=server.port, user=user)
    assert stored(tmp_path / "again") == []


def test_wrong_password(server, tmp_path):
    user = server.user(small())
    popget("--maildir", tmp_path / "in", port=server.port, user=user, password="not-the-one", status=EX_REFUSED)
    assert server.left(user) == 5


@pytest.mark.parametrize("tenths", range(0, 10))
@pytest.mark.parametrize("window", [1, 16])
def test_cut_connection(server, tmp_path, tenths, window):
    """However the connection ends: what is deleted is stored, what is stored is whole, and the next run gets the rest."""
    messages = messages_for(server, 40)
    user = server.user(messages)
    want = expected(server, messages)
    options = ("--pipeline", window, "--delete")
    with CuttingProxy(server.port) as whole:
        popget("--maildir", tmp_path / "whole", "--pipeline", window, port=whole.port, user=user)
    with CuttingProxy(server.port, cut=whole.relayed * tenths // 10 + 3, reset=tenths % 2 == 1) as proxy:
        done = popget("--maildir", tmp_path / "in", *options, port=proxy.port, user=user, status=EX_TEMPFAIL)
        assert done.stderr != b"", "an error must have a name"
        partial = stored(tmp_path / "in") if (tmp_path / "in").exists() else []
        assert set(partial) <= set(want), "a message is stored that is not whole"
        assert server.left(user) >= len(messages) - len(partial), "a message is deleted that is not stored"
        fetch_patiently("--maildir", tmp_path / "in", *options, port=proxy.port, user=user)
    assert set(stored(tmp_path / "in")) == set(want)
    until(lambda: server.left(user) == 0, "the server has deleted the messages")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_popget_is_killed(server, tmp_path, number):
    """Killed in the middle of its work; what it leaves in tmp is all that may be lost."""
    messages = messages_for(server, 200)  # several batches, of which the first is waited for
    user = server.user(messages)
    child = subprocess.Popen(
        popget_command("--maildir", tmp_path / "in", "--delete", "--pipeline", 4, port=server.port, user=user),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=popget_environment(),
    )
    until(lambda: child.poll() is not None or any((tmp_path / "in").glob("new/*")), "the first message is there")
    child.send_signal(number)
    status = child.wait(60)
    want = expected(server, messages)
    partial = [path.read_bytes() for path in (tmp_path / "in/new").glob("*")]
    assert set(partial) <= set(want)
    if status == 0:
        assert len(partial) == len(messages), "it was faster than the signal, so all must be there"
    elif until(lambda: server.left(user) in (0, len(messages)), "all or nothing is deleted") and not server.left(user):
        assert len(partial) == len(messages), "it was killed behind QUIT, so all must be there"
    else:
        fetch_patiently("--maildir", tmp_path / "in", "--delete", port=server.port, user=user)
    assert {path.read_bytes() for path in (tmp_path / "in/new").glob("*")} == set(want)
    until(lambda: server.left(user) == 0, "the server has deleted the messages")


def test_exec_gets_every_message(server, tmp_path):
    """A command for each message, which has it on its standard input."""
    messages = [raw for raw in messages_for(server, 25) if raw]
    user = server.user(messages)
    script = tmp_path / "take"
    script.write_text(f'#!/bin/sh\nexec cat >"$(mktemp {tmp_path}/took.XXXXXX)"\n')
    script.chmod(0o755)
    popget("--exec", str(script), "--delete", port=server.port, user=user)
    assert_same([path.read_bytes() for path in tmp_path.glob("took.*")], expected(server, messages))
    until(lambda: server.left(user) == 0, "the server has deleted the messages")


def test_trace_has_no_password(server, tmp_path):
    user = server.user(small())
    popget("--list", "--auth", "USER", "--trace", tmp_path / "trace", port=server.port, user=user)
    trace = (tmp_path / "trace").read_bytes()
    assert re.search(rb"PASS", trace) and b"s3cr3t" not in trace and os.fsencode(user) in trace
