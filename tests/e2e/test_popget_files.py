"""popget and this side of the wire: files, commands, passwords, command line. DELE comes only after a safe delivery.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import mailbox
import os
import pathlib
import re
import resource
import signal
import subprocess

import pytest

from mails import assert_same, mixed, sent_by_epop, small, stored, with_lf
from minipop import MiniPop
from programs import EX_IOERR, EX_OK, EX_REFUSED, EX_TEMPFAIL, EX_USAGE, PASSWORD, popget, popget_environment, program
from proxy import CuttingProxy

BIG = b"Subject: big\n\n" + b"a line of text\n" * 20_000


def small_files_only():
    """A disk that is full after 64 KiB: write() fails as it does there, for root too."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))


@pytest.mark.parametrize("window", [1, 16])
def test_stored_before_deleted(tmp_path, window):
    """At every DELE the message must already have its name in new."""
    maildir = tmp_path / "in"
    messages = mixed(40)

    def look(number):
        assert with_lf(sent_by_epop(messages[number - 1])) in [
            path.read_bytes() for path in (maildir / "new").iterdir()
        ]

    with MiniPop(messages) as server:
        server.on_dele = look
        popget("--maildir", maildir, "--delete", "--pipeline", window, port=server.port)
        assert server.maildrop == {}


def test_mbox_is_written_before_deleted(tmp_path):
    box = tmp_path / "box"

    def look(number):
        assert b"Message-ID: <small-%d@" % number in box.read_bytes()

    with MiniPop(small()) as server:
        server.on_dele = look
        popget("--mbox", box, "--delete", port=server.port)
        assert server.maildrop == {}


def test_keep_is_the_default(tmp_path):
    with MiniPop(small()) as server:
        popget("--maildir", tmp_path / "in", port=server.port)
        assert b"DELE" not in server.verbs() and len(server.maildrop) == 5


@pytest.mark.parametrize("target", ["--maildir", "--mbox"])
def test_disk_full(tmp_path, target):
    """The message that does not fit stays on the server, and no half of it stays here."""
    messages = [*small(1), BIG, *small(1)]
    with MiniPop(messages) as server:
        done = popget(target, tmp_path / "in", "--delete", port=server.port, status=EX_IOERR, preexec=small_files_only)
        assert done.stderr.startswith(b"popget: ")
        assert sent_by_epop(BIG) in server.maildrop.values(), "a message is deleted that was not stored"
        here = (
            stored(tmp_path / "in")
            if target == "--maildir"
            else [unquoted(tmp_path / "in", key) for key in box_keys(tmp_path / "in")]
        )
        assert set(here) <= {small(1)[0]}
        assert len(here) + len(server.maildrop) >= 3


@pytest.mark.parametrize("options", [(), ("--crlf",)])
def test_standard_output_full(options):
    with MiniPop([BIG]) as server, open("/dev/full", "wb") as full:
        popget("--stdout", "--delete", *options, port=server.port, status=EX_IOERR, stdout=full)
        assert len(server.maildrop) == 1


def test_standard_output_closed():
    """The reader of the pipe has gone, as head(1) does."""
    read, write = os.pipe()
    os.close(read)
    with MiniPop([BIG]) as server, open(write, "wb") as pipe:
        popget("--stdout", "--delete", port=server.port, status=EX_IOERR, stdout=pipe)
        assert len(server.maildrop) == 1


@pytest.mark.parametrize(
    "command", ["exit 3", "cat >/dev/null; exit 1", "kill -9 $$", "/nonexistent/program", "exec <&-; sleep 0; exit 1"]
)
def test_command_fails(command):
    """A command that does not take the message leaves it on the server."""
    with MiniPop([BIG, *small(1)]) as server:
        done = popget("--exec", command, "--delete", port=server.port, status=EX_IOERR)
        assert done.stderr != b"" and len(server.maildrop) == 2 and b"DELE" not in server.verbs()


def test_command_fails_for_one(tmp_path):
    with MiniPop(small()) as server:
        popget(
            "--exec", f"! grep -q 'hello 3' && echo x >>{tmp_path}/took", "--delete", port=server.port, status=EX_IOERR
        )
        left = set(server.maildrop)
        assert 3 in left
        assert len((tmp_path / "took").read_text().splitlines()) == 5 - len(left)


def test_command_that_does_not_read():
    """It may end well without reading all: that is its business, and no reason to hang or to die of SIGPIPE."""
    with MiniPop([BIG]) as server:
        done = popget("--exec", "true", port=server.port, status=None)
        assert done.returncode in (EX_OK, EX_IOERR) and len(server.maildrop) == 1


def box_keys(path):
    return mailbox.mbox(path, create=False).keys() if path.exists() else []


def unquoted(path, key):
    """The message with the quoting of mboxrd undone: one ">" less in front of From."""
    return re.sub(rb"(?m)^>(>*From )", rb"\1", mailbox.mbox(path, create=False).get_bytes(key))


def test_mbox_quoting(tmp_path):
    """Every line that looks like the beginning of a message, quoted or not, comes back as it was."""
    messages = [
        b"Subject: %d\n\nFrom here\n>From there\n>>From afar\nFrom\n From\n\n\nFrom the end\n" % n for n in range(3)
    ]
    messages.append(b"Subject: last\n\nno line end: From x")
    box = tmp_path / "box"
    box.write_bytes(b"From old Mon Nov 24 08:00:00 2025\nSubject: old\n\nold\n\n")
    with MiniPop(messages) as server:
        popget("--mbox", box, port=server.port)
    got = [unquoted(box, key) for key in box_keys(box)]
    assert_same(got, [b"Subject: old\n\nold\n", *(with_lf(sent_by_epop(raw)) for raw in messages)])


def test_mbox_after_a_cut_has_whole_messages(tmp_path):
    messages = mixed(20, ["lf"], odd=False)
    with MiniPop(messages) as server, CuttingProxy(server.port) as whole:
        popget("--mbox", tmp_path / "whole", port=whole.port)
        for tenths in range(1, 10):
            box = tmp_path / f"box{tenths}"
            with CuttingProxy(server.port, cut=whole.relayed * tenths // 10) as proxy:
                popget("--mbox", box, "--delete", port=proxy.port, status=EX_TEMPFAIL)
                assert {unquoted(box, key) for key in box_keys(box)} <= set(messages)
                left = {with_lf(wire) for wire in server.maildrop.values()}
                assert len(left) < 20 and left | {unquoted(box, key) for key in box_keys(box)} == set(messages)
                server.maildrop = {number: sent_by_epop(raw) for number, raw in enumerate(messages, 1)}
                popget("--mbox", box, port=proxy.port)
                assert {unquoted(box, key) for key in box_keys(box)} == set(messages)


@pytest.mark.parametrize(
    "target", [["--maildir", "file"], ["--maildir", "file/in"], ["--mbox", "folder"], ["--mbox", "folder/none/box"]]
)
def test_target_that_can_not_be(tmp_path, target):
    (tmp_path / "file").write_text("a file\n")
    (tmp_path / "folder").mkdir()
    with MiniPop(small()) as server:
        done = popget(target[0], tmp_path / target[1], "--delete", port=server.port, status=EX_IOERR)
        assert done.stderr.startswith(b"popget: ") and len(server.maildrop) == 5
    assert (tmp_path / "file").read_text() == "a file\n"


def test_max_size(tmp_path):
    """Larger ones stay where they are, with --delete too."""
    with MiniPop([*small(1), BIG]) as server:
        popget("--maildir", tmp_path / "in", "--max-size", 1000, "--delete", port=server.port, status=None)
        assert stored(tmp_path / "in") == small(1)
        assert list(server.maildrop) == [2]


def test_messages_are_private(tmp_path):
    """Mail is for its owner, whatever the umask is."""
    with MiniPop(small(1)) as server:
        popget("--maildir", tmp_path / "in", port=server.port, preexec=lambda: os.umask(0))
        popget("--mbox", tmp_path / "box", port=server.port, preexec=lambda: os.umask(0))
    for path in [tmp_path / "box", *(tmp_path / "in").rglob("*"), tmp_path / "in"]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("line", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n", PASSWORD + "\nsecond line\n"])
def test_password_file(tmp_path, line):
    secret = tmp_path / "secret"
    secret.write_text(line, newline="")
    secret.chmod(0o600)
    with MiniPop(small()) as server:
        popget("--list", "--password-file", secret, port=server.port, password="wrong, and not to be looked at")


def test_no_password():
    """No file, no variable, no terminal to ask on."""
    with MiniPop(small()) as server:
        done = popget("--list", port=server.port, password=None, status=None, preexec=os.setsid)
        assert done.returncode not in (EX_OK, 99) and done.returncode > 0
        assert b"PASS" not in server.verbs()


@pytest.mark.parametrize("password", ["with\rCR", "with\nLF\nDELE 1", "", "x" * 300])
def test_impossible_passwords(tmp_path, password):
    """Nothing in a password can become a command."""
    with MiniPop(small(), PASS=b"-ERR [AUTH] no\r\n") as server:
        done = popget("--list", port=server.port, password=password or None, status=None, preexec=os.setsid)
        assert done.returncode in (EX_USAGE, EX_REFUSED, EX_IOERR)
        assert set(server.verbs()) <= {b"CAPA", b"USER", b"PASS", b"QUIT"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["pop://alice@127.0.0.1"],
        ["--list"],
        ["--maildir", "x", "--mbox", "y", "pop://alice@127.0.0.1"],
        ["--list", "ftp://alice@127.0.0.1"],
        ["--list", "pop://alice:secret@127.0.0.1"],
        ["--list", "pop://127.0.0.1"],
        ["--list", "pop://alice@"],
        ["--list", "pop://a@h:0"],
        ["--list", "pop://a@h:65536"],
        ["--list", "pop://a%0d%0aDELE%201@h"],
        ["--list", "pop://a%00@h"],
        ["--list", "--no-such", "pop://a@h"],
        ["--list", "pop://a@h", "pop://b@h"],
        ["--maildir", "x", "--messages", "0", "pop://a@h"],
        ["--maildir", "x", "--messages", "3-1", "pop://a@h"],
        ["--maildir", "x", "--messages", "1,,2", "pop://a@h"],
        ["--maildir", "x", "--messages", "99999999999", "pop://a@h"],
        ["--maildir", "x", "--max-size", "-1", "pop://a@h"],
        ["--maildir", "x", "--pipeline", "0", "pop://a@h"],
        ["--maildir", "x", "--timeout", "soon", "pop://a@h"],
        ["--maildir", "x", "--keep", "--delete", "pop://a@h"],
    ],
)
def test_wrong_usage(tmp_path, arguments):
    """Told before any connection is made, and nothing is created."""
    done = subprocess.run(
        [program("popget"), "--allow-cleartext", *arguments],
        capture_output=True,
        timeout=60,
        cwd=tmp_path,
        env=popget_environment(),
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == EX_USAGE and done.stderr != b"" and done.stdout == b""
    assert list(pathlib.Path(tmp_path).iterdir()) == []
