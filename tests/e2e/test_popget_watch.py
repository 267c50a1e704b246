"""popget --watch: round after round, through failures, until it is told to end.

Nothing here waits for a time to pass: a round is seen by what it does.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json
import signal
import subprocess
import time

import pytest

from certificates import Certificates
from deadline import PATIENCE, until
from mails import assert_same, sent_by_epop, small, stored
from minipop import MiniPop
from programs import EX_REFUSED, EX_TEMPFAIL, PASSWORD, popget, popget_command, popget_environment
from tlspop import TlsPop


class Watcher:
    """A popget that goes on; killed at the end of the test, whatever happens."""

    def __init__(self, tmp_path, *options, port, every=1, password=PASSWORD, **where):
        self.output = tmp_path / "output"
        self.folder = tmp_path / "in"
        args = ["--watch", every, "--maildir", self.folder, "--state", tmp_path / "state", *options]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                popget_command(*args, port=port, **where),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=popget_environment(password),
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
        assert watcher.said().count(b"will be tried again in 5 seconds") == 1
        assert watcher.said().count(b"will be tried again in 10 seconds") == 1


def test_wrong_password_is_not_tried_again(tmp_path):
    """That could lock the account."""
    with MiniPop(small(1), PASS=b"-ERR [AUTH] no\r\n") as server, Watcher(tmp_path, port=server.port) as watcher:
        assert watcher.process.wait(PATIENCE) == EX_REFUSED
        assert logins(server) == 1 and b"not tried again" in watcher.said()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def watch_a_bad_round(tmp_path, server, spoil, mend, *options, **where):
    """A good round, a round that fails, and one that is good again: tried after five seconds, and not in silence."""
    folder = tmp_path / "in"
    with Watcher(tmp_path, "--quiet", *options, port=server.port, **where) as watcher:
        until(lambda: len(list(folder.glob("new/*"))) == 1, "the first round")
        spoil()
        until(lambda: b"tried again" in watcher.said(), "the bad round")
        mend()
        assert b"will be tried again in 5 seconds" in watcher.said()
        server.maildrop[2] = sent_by_epop(small(2)[1])
        until(lambda: len(list(folder.glob("new/*"))) == 2, "the good round")
        assert watcher.process.poll() is None


@pytest.mark.parametrize(
    "refusal",
    [b"-ERR Temporary system problem\r\n", b"-ERR [AUTH] Web login required\r\n"],
)
def test_refusal_after_a_good_round(tmp_path, refusal):
    refuses = []
    with MiniPop(small(1), PASS=lambda *_: refusal if refuses else None) as server:
        watch_a_bad_round(tmp_path, server, lambda: refuses.append(1), refuses.clear)


def test_token_expires(tmp_path, certificates):
    """The file has a fresh one by the next round."""
    file = tmp_path / "token"
    file.write_text("first")
    file.chmod(0o600)
    good = ["first"]

    def auth(session, name, octets):
        said = session.initial(octets)
        if f"Bearer {good[0]}".encode() in said:
            return True
        session.response(b'{"status": "401"}')
        return False

    options = ["--ca", certificates.ca.cert, "--oauth-token-file", file]
    where = {"options": options, "password": None, "host": "localhost"}
    with TlsPop(certificates.server, small(1), mechanisms=("XOAUTH2",), auth=auth) as server:
        watch_a_bad_round(
            tmp_path, server, lambda: good.__setitem__(0, "second"), lambda: file.write_text("second"), **where
        )


@pytest.mark.parametrize("what", ["certificate", "stls"])
def test_no_trust_for_a_round(tmp_path, certificates, what):
    with TlsPop(certificates.server, small(1)) as server:
        bad = {"certificate": certificates.other, "stls": False}[what]
        good = getattr(server, what)
        where = {"options": ["--ca", certificates.ca.cert], "host": "localhost"}
        watch_a_bad_round(
            tmp_path, server, lambda: setattr(server, what, bad), lambda: setattr(server, what, good), **where
        )


def test_refused_account_is_set_aside(tmp_path):
    """A password that never was right: one login with it, and another when its file has changed. The other account goes
    on meanwhile."""
    config = tmp_path / "config"
    file = tmp_path / "password"
    file.write_text("wrong\n")
    file.chmod(0o600)
    with MiniPop(small(1)) as bad, MiniPop(small(1)) as good:
        config.write_text(
            f"defaults\n allow-cleartext\n state-by-port\n state {tmp_path / 'state'}\n"
            f"account bad\n url pop://alice@127.0.0.1:{bad.port}\n password-file {file}\n maildir {tmp_path / 'bad'}\n"
            f"account good\n url pop://alice@127.0.0.1:{good.port}\n passwordeval \"echo {PASSWORD}\"\n"
            f" maildir {tmp_path / 'in'}\n"
        )
        command = popget_command("--watch", 1, "--config", config, "--all-accounts", port=0, options=())[:-1]
        with open(tmp_path / "said", "wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=output, env=popget_environment(None))
        try:
            until(lambda: logins(good) == 3, "three rounds of the good account")
            assert logins(bad) == 1 and process.poll() is None
            assert b"bad: set aside; tried again when " + bytes(file) in (tmp_path / "said").read_bytes()
            file.write_text(PASSWORD + "\n")
            until(lambda: len(list((tmp_path / "bad").glob("new/*"))) == 1, "mail of the account set aside")
            assert [command for command in bad.commands if command.startswith(b"PASS")][:2] == [
                b"PASS wrong",
                b"PASS " + PASSWORD.encode(),
            ]
        finally:
            process.kill()
            process.wait()


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


def test_message_that_breaks_the_session_does_not_slow_the_watch(tmp_path):
    """Once it is left alone: the rounds come as they should, and new mail with them."""

    def at_the_first(session, argument):
        if argument != b"1":
            return None
        session.end()
        return b""

    with MiniPop(small(2), RETR=at_the_first) as server:
        for _ in range(3):
            popget("--maildir", tmp_path / "in", "--state", tmp_path / "state", port=server.port, status=EX_TEMPFAIL)
        before = logins(server)
        with Watcher(tmp_path, port=server.port) as watcher:
            until(lambda: logins(server) > before + 4, "the fifth round")
            server.maildrop[3] = sent_by_epop(b"Subject: new\n\n")
            until(lambda: len(list((tmp_path / "in/new").glob("*"))) == 2, "the new message")
            assert b"tried again in 1 seconds" in watcher.said() and b"in 5 seconds" not in watcher.said()
