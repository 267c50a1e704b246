"""popget killed at random moments, again and again until a run gets through: with a state no message is lost, and none
comes twice, be it into a Maildir or an mbox, kept or deleted on the server.

The moments are calls to the system, chosen evenly over a whole run; the choice is the same in every run of the test.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import mailbox
import random
import signal
import subprocess

import pytest

from deadline import until
from dovecot import Dovecot
from killer import Killer
from mails import assert_same, message, with_lf
from programs import EX_OK, EX_TEMPFAIL, popget_command, popget_environment
from test_popget_with_servers import OwnPopd

KILLS = 200
LOG_HEAD = "popget state log 1\n"


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    return Killer(tmp_path_factory.mktemp("killer"))


@pytest.fixture(scope="module", params=["popd", "dovecot"])
def server(request, tmp_path_factory):
    running = OwnPopd(tmp_path_factory.mktemp("popd"), users=600) if request.param == "popd" else Dovecot()
    yield running
    running.stop()


class Account:
    """A maildrop, a state and a place for mail; all of them choose their form by chance."""

    def __init__(self, folder, server, killer, rng, number):
        self.folder = folder
        self.server = server
        self.killer = killer
        self.rng = rng
        self.number = number
        self.kind = rng.choice(["maildir", "mbox"])
        self.delete = rng.random() < 0.5
        self.state = folder / "state"
        if rng.random() < 0.5:
            self.state.write_text(LOG_HEAD)
        self.moved = folder / "moved"
        self.moved.mkdir()
        self.messages = [
            message(rng, number * 1000 + n, rng.choice([50, 3000, 20_000]), "lf")
            for n in range(rng.choice([2, 2, 5, 5, 8, 20, 70]))
        ]
        self.user = server.user(self.messages)

    def run(self, at=None):
        """One run; its exit status, which is that of a signal where it was killed."""
        options = ["--state", self.state, f"--{self.kind}", self.folder / "in"]
        options += ["--auth", "USER"] if self.server.name == "popd" else []  # SCRAM would be most of the work
        options += ["--pipeline", self.rng.choice([1, 4, 1000])]
        options += ["--delete"] if self.delete else []
        done = subprocess.run(
            popget_command(*options, port=self.server.port, user=self.user, release=True),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**popget_environment(), **self.killer.environment(at)},
            timeout=120,
        )
        assert done.returncode in (EX_OK, EX_TEMPFAIL, -signal.SIGKILL), done.stderr
        return done.returncode

    def run_patiently(self, at=None):
        """Again while the server still holds the maildrop for the one that was killed."""
        return until(lambda: (status := self.run(at)) != EX_TEMPFAIL and [status], "the server lets the user in")[0]

    def read(self):
        """What a reader of the Maildir may do meanwhile: mark a message as seen, or move it elsewhere."""
        if self.kind == "maildir":
            for path in (self.folder / "in/new").glob("*"):
                if self.rng.random() < 0.3:
                    path.rename(self.folder / "in/cur" / f"{path.name}:2,S")
                elif self.rng.random() < 0.3:
                    path.rename(self.moved / path.name)

    def here(self):
        if self.kind == "mbox":
            box = mailbox.mbox(self.folder / "in")
            return [box.get_bytes(key) for key in box.keys()]
        folders = [self.folder / "in/new", self.folder / "in/cur", self.moved]
        return [path.read_bytes() for folder in folders for path in folder.glob("*")]

    def check(self):
        assert_same(self.here(), [with_lf(self.server.sent(raw)) for raw in self.messages])


def kill_until_done(account, calls):
    """How often it was killed before it came to its end."""
    kills = 0
    while account.run_patiently(account.rng.randrange(1, calls)) != EX_OK:
        kills += 1
        account.read()
    return kills


def test_killed_at_random_moments(server, killer, tmp_path):
    rng = random.Random(f"killed {server.name}")
    kills = 0
    number = 0
    while kills < KILLS:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        # The same account in a run that is left alone shows how many calls there are to be killed at.
        (folder / "whole").mkdir()
        seed = rng.random()
        whole = Account(folder / "whole", server, killer, random.Random(seed), number)
        assert whole.run() == EX_OK
        whole.check()
        account = Account(folder, server, killer, random.Random(seed), number)
        kills += kill_until_done(account, killer.calls())
        account.check()
        assert account.run_patiently() == EX_OK
        account.check()
        assert not account.delete or until(lambda: server.left(account.user) == 0, "the server has deleted them")
    assert number > 10, "too few accounts to be chosen by chance"
