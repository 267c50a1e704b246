"""The examples that are meant to be read do what they say.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import pathlib
import subprocess

from mails import fill, sent_by_epop, small
from programs import PASSWORD, program

COUNT = 40  # more than hello-sync has memory for


def hello(name, *args):
    binary = pathlib.Path(program("popd")).parent.parent / "hello" / f"hello-{name}"
    done = subprocess.run([binary, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def test_client_prints_all(popd):
    server = popd(prepare=lambda server: fill(server.maildir(), small(COUNT)))
    for _ in range(2):
        done = hello("client", "127.0.0.1", server.port, "alice", PASSWORD)
        assert done.stdout == b"".join(sent_by_epop(raw) for raw in small(COUNT))


def test_sync_prints_each_once(popd, tmp_path):
    server = popd(prepare=lambda server: fill(server.maildir(), small(COUNT)))
    arguments = ("sync", "127.0.0.1", server.port, "alice", PASSWORD, tmp_path / "seen")
    first = hello(*arguments)
    assert all(sent_by_epop(raw) in first.stdout for raw in small(COUNT))
    assert len(first.stdout) == sum(len(sent_by_epop(raw)) for raw in small(COUNT))
    assert b"40 listed, 40 fetched, 0 failed" in first.stderr
    second = hello(*arguments)
    assert second.stdout == b"" and b"40 listed, 0 fetched" in second.stderr
    later = small(COUNT + 1)[COUNT]
    (server.maildir() / "new" / "9999999999.later.test").write_bytes(later)
    third = hello(*arguments)
    assert third.stdout == sent_by_epop(later)
