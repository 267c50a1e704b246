"""Every call to the system on the way of a message from the server to the disk fails once: the message is on the server
or on the disk afterwards, whatever that call was, and the next run brings all of them.

The same for popd on the way of a deletion: what could not be removed is there, and the client is told.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import mailbox
import os
import subprocess

import pytest

from dialogue import Dialogue
from faults import KINDS, Faults
from mails import fill, small, stored, with_lf
from minipop import MiniPop
from programs import EX_OK, popget_command, popget_environment

MESSAGES = [b"Subject: %d\n\nhello %d\n" % (n, n) + b"a line of text\n" * 900 * (n == 2) for n in (1, 2, 3)]
AT_MOST = None if os.environ.get("EPOP_TEST_LONG") else 10  # calls of a kind that are tried in turn, evenly chosen


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    return Faults(tmp_path_factory.mktemp("faults"))


def chosen(count):
    """Which calls fail, counted from 1."""
    if AT_MOST is None or count <= AT_MOST:
        return range(1, count + 1)
    return sorted({1 + i * (count - 1) // (AT_MOST - 1) for i in range(AT_MOST)})


class Account:
    """A server with three messages, a place for them, and a state."""

    def __init__(self, folder, faults, target, is_new, state):
        folder.mkdir()
        self.folder = folder
        self.faults = faults
        self.target = target
        self.state = state
        if state == "log":
            (folder / "state").write_text("popget state log 1\n")
        if not is_new and target == "maildir":
            fill(folder / "in", [])
        elif not is_new:
            (folder / "in").write_bytes(b"")
        self.server = MiniPop(MESSAGES)

    def run(self, *fault):
        options = ["--delete", f"--{self.target}", "in"] + (["--state", "state"] if self.state else [])
        done = subprocess.run(
            popget_command(*options, port=self.server.port, release=True),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**popget_environment(), **self.faults.environment(*fault)},
            timeout=120,
            cwd=self.folder,
        )
        assert 0 <= done.returncode < 79, f"ended with {done.returncode}: {done.stderr.decode()}"
        return done

    def here(self):
        if self.target == "mbox":
            box = mailbox.mbox(self.folder / "in")
            return [box.get_bytes(key) for key in box.keys()]
        return [path.read_bytes() for name in ("new", "cur") for path in (self.folder / "in" / name).glob("*")]

    def lost(self):
        """Numbers of the messages that are neither on the server nor here."""
        here = self.here()
        return [n for n, raw in enumerate(MESSAGES, 1) if n not in self.server.maildrop and with_lf(raw) not in here]


@pytest.mark.parametrize("state", [None, "sqlite", "log"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "old"])
@pytest.mark.parametrize("target", ["maildir", "mbox"])
def test_popget(faults, tmp_path, target, is_new, state):
    whole = Account(tmp_path / "whole", faults, target, is_new, state)
    assert whole.run().returncode == EX_OK and whole.server.maildrop == {}
    calls = faults.calls()
    assert calls["open"] and calls["write"] and calls["fsync"], "the faults do not reach popget"
    for kind in KINDS:
        for at in chosen(calls[kind]):
            account = Account(tmp_path / f"{kind}-{at}", faults, target, is_new, state)
            first = account.run(kind, at)
            said = f"{kind} number {at} of {calls[kind]} failed; popget ended with {first.returncode}: {first.stderr}"
            assert account.lost() == [], said
            again = account.run()
            assert again.returncode == EX_OK, f"{said}; then with {again.returncode}: {again.stderr}"
            here = account.here()
            assert {with_lf(raw) for raw in MESSAGES} <= set(here), said
            assert account.state is None or len(here) == len(MESSAGES), f"{said}; {len(here)} messages are here"
            account.server.__exit__()


def test_popd(faults, popd):
    """Each of three deletions fails once; the file is kept, QUIT says so, and the others are gone."""
    server = popd(
        prepare=lambda server: fill(server.maildir(), small(3)),
        release=True,
        environment=faults.environment("unlink", 2),
    )
    with Dialogue(server.port) as session:
        session.login()
        for number in (1, 2, 3):
            session.ok(b"DELE %d" % number)
        assert session.command(b"QUIT").startswith(b"-ERR [SYS/TEMP]")
    assert stored(server.maildir()) == small(3)[1:2]
