"""popget --watch: round after round, through failures, until it is told to end.

Nothing here waits for a time to pass: a round is seen by what it does.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json
import signal
import subprocess
import time

import pytest

from deadline import PATIENCE, until
from mails import assert_same, sent_by_epop, small, stored
from minipop import MiniPop
from programs import EX_REFUSED, popget_command, popget_environment


class Watcher:
    """A popget that goes on; killed at the end of the test, whatever happens."""

    def __init__(self, tmp_path, *options, port, every=1):
        self.output = tmp_path / "output"
        self.folder = tmp_path / "in"
        args = ["--watch", every, "--maildir", self.folder, "--state", tmp_path / "state", *options]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                popget_command(*args, port=port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=popget_environment(),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def said(self):
        return self.output.read_bytes()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class Capabilities:
    """Answers CAPA as usual, until the next round is to be the last one for an hour: then a signal finds popget
    waiting, however busy the machine is."""

    def __init__(self):
        self.watcher = None
        self.is_last = False
        self.reports = None

    def __call__(self, session, argument):
        if not self.is_last:
            return None
        if self.reports is None:
            self.reports = self.watcher.said().count(b"fetched")
        return b"+OK\r\nUIDL\r\nUSER\r\nRESP-CODES\r\nLOGIN-DELAY 3600\r\n.\r\n"

    def settle(self, watcher):
        self.watcher = watcher
        self.is_last = True
        until(lambda: self.reports is not None and watcher.said().count(b"fetched") > self.reports, "the last round")
        return watcher


def logins(server):
    return server.verbs().count(b"PASS")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_new_mail_in_later_rounds(tmp_path, number):
    capa = Capabilities()
    with MiniPop(small(1), CAPA=capa) as server, Watcher(tmp_path, "--json", port=server.port) as watcher:
        for count in range(2, 4):
            server.maildrop[count] = sent_by_epop(small(count)[-1])
            until(lambda: len(list((tmp_path / "in").glob("new/*"))) == count, "the new message is fetched")
        until(lambda: watcher.said().count(b'"summary":true') >= 3, "three rounds are reported")
        assert capa.settle(watcher).end(number) == 0
        assert_same(stored(tmp_path / "in"), small(3))
        summaries = [json.loads(line) for line in watcher.said().splitlines() if b'"summary"' in line]
        assert sum(summary["fetched"] for summary in summaries) == 3
        assert len(summaries) == logins(server)


def test_failures_are_survived(tmp_path):
    """A server that is in use, then hangs up, then is well."""
    answers = [b"-ERR [IN-USE] later\r\n", b""]

    def trouble(session, argument):
        if not answers:
            return None
        answer = answers.pop(0)
        if not answer:
            session.end()
        return answer

    capa = Capabilities()
    with MiniPop(small(2), PASS=trouble, CAPA=capa) as server, Watcher(tmp_path, port=server.port) as watcher:
        until(lambda: len(list((tmp_path / "in").glob("new/*"))) == 2, "the mail is fetched in the end")
        assert watcher.process.poll() is None and logins(server) >= 3
        assert capa.settle(watcher).end() == 0
        assert watcher.said().count(b"will be tried again in") == 2


def test_wrong_password_is_not_tried_again(tmp_path):
    """That could lock the account."""
    with MiniPop(small(1), PASS=b"-ERR [AUTH] no\r\n") as server, Watcher(tmp_path, port=server.port) as watcher:
        assert watcher.process.wait(PATIENCE) == EX_REFUSED
        assert logins(server) == 1 and b"not tried again" in watcher.said()


@pytest.mark.parametrize("how", ["capability", "code"])
def test_login_delay(tmp_path, how):
    """The server's own wish for a pause is not undercut, however often the user wants to look."""
    times = []

    def note(session, argument):
        times.append(time.monotonic())
        return b"-ERR [LOGIN-DELAY] too soon\r\n" if how == "code" and len(times) == 1 else None

    capa = Capabilities()
    capabilities = (b"UIDL", b"USER", b"RESP-CODES", *([b"LOGIN-DELAY 4"] if how == "capability" else []))
    server = MiniPop(small(1), capabilities, PASS=note, CAPA=capa)
    with server, Watcher(tmp_path, port=server.port) as watcher:
        until(lambda: len(times) == 2, "the second login")
        assert times[1] - times[0] >= (4 if how == "capability" else 2) - 0.1
        assert capa.settle(watcher).end() == 0


def test_ended_within_a_session(tmp_path):
    """What is whole is stored and remembered; what is not comes in the next run."""
    stalled = []

    def stall(session, argument):
        if argument == b"2" and not stalled:
            stalled.append(argument)
            return b"+OK\r\nSubject: 2\r\n"
        return None

    capa = Capabilities()
    with MiniPop(small(2), RETR=stall, CAPA=capa) as server:
        with Watcher(tmp_path, port=server.port) as watcher:
            until(lambda: len(list((tmp_path / "in").glob("new/*"))) == 1, "the first message is there")
            assert watcher.end() == 128 + signal.SIGTERM
        with Watcher(tmp_path, port=server.port) as watcher:
            until(lambda: len(list((tmp_path / "in").glob("new/*"))) == 2, "the second message is there")
            assert capa.settle(watcher).end() == 0
        assert_same(stored(tmp_path / "in"), small(2))
