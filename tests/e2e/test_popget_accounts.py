"""popget with several accounts from a configuration file.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from mails import assert_same, small, stored
from minipop import MiniPop
from programs import EX_IOERR, EX_OK, EX_REFUSED, EX_TEMPFAIL, EX_USAGE, PASSWORD, popget_environment, program


@pytest.fixture
def config(tmp_path):
    """Writes the configuration, for its owner's eyes."""

    def write(text, mode=0o600, name=".popgetrc"):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def run(tmp_path, *args, status=EX_OK, password=None):
    done = subprocess.run(
        [program("popget"), *map(str, args)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**popget_environment(password), "HOME": str(tmp_path)},
        timeout=120,
        preexec_fn=os.setsid,
    )
    assert done.returncode == status, done.stderr.decode(errors="replace")
    assert PASSWORD.encode() not in done.stdout + done.stderr
    return done


def account(name, server, *lines):
    return "\n".join(
        [f"account {name}", "  host 127.0.0.1", f"  port {server.port}", "  user alice", *lines, ""]
    )


DEFAULTS = f"""# for all
defaults
  allow_cleartext on
  password "{PASSWORD}"
  timeout 30
"""


def test_all_accounts(tmp_path, config):
    """Each into its own place, with one state for both."""
    with MiniPop(small(3)) as one, MiniPop(small(2)) as other:
        config(
            DEFAULTS
            + "  state ~/state\n  state-by-port\n\n"
            + account("one", one, "  maildir ~/one", "  delete")
            + account("other", other, "  mbox ~/other")
        )
        for _ in range(2):
            done = run(tmp_path, "--all-accounts", "--trace", tmp_path / "trace")
            assert (tmp_path / "trace").read_bytes().count(b"S: +OK mini ready") == 2
            assert b"popget: one: " in done.stderr and b"popget: other: " in done.stderr
        assert_same(stored(tmp_path / "one"), small(3))
        assert (tmp_path / "other").read_bytes().count(b"Message-ID:") == 2
        assert one.maildrop == {} and len(other.maildrop) == 2


def test_some_accounts(tmp_path, config):
    with MiniPop(small(1)) as one, MiniPop(small(2)) as other:
        config(DEFAULTS + account("one", one, "  maildir ~/one") + account("other", other, "  maildir ~/other"))
        run(tmp_path, "other")
        assert one.commands == [] and len(stored(tmp_path / "other")) == 2
        run(tmp_path, "--config", tmp_path / ".popgetrc", "one", "other")
        assert len(stored(tmp_path / "one")) == 1 and len(stored(tmp_path / "other")) == 4


def test_the_command_line_wins(tmp_path, config):
    with MiniPop(small(2)) as server:
        config(DEFAULTS + account("one", server, "  maildir ~/one", "  delete on", "  max-size 1"))
        run(tmp_path, "--mbox", tmp_path / "box", "--keep", "--max-size", 1000, "one")
        assert (tmp_path / "box").read_bytes().count(b"Message-ID:") == 2
        assert len(server.maildrop) == 2 and not (tmp_path / "one").exists()
        done = run(tmp_path, "--list", "--max-size", 1000, "one")
        assert len(done.stdout.splitlines()) == 2


def test_defaults_hold_for_what_is_behind_them(tmp_path, config):
    with MiniPop(small(1)) as server:
        config(
            account("early", server, "  maildir ~/early", "  timeout 20")
            + DEFAULTS
            + account("late", server, "  maildir ~/late")
        )
        run(tmp_path, "late")
        run(tmp_path, "early", status=EX_REFUSED, password=PASSWORD)
        assert len(stored(tmp_path / "late")) == 1 and stored(tmp_path / "early") == []


def test_one_fails_the_others_go_on(tmp_path, config):
    with MiniPop(small(1), PASS=b"-ERR [IN-USE] no\r\n") as one, MiniPop(small(1)) as other:
        config(DEFAULTS + account("one", one, "  maildir ~/one") + account("other", other, "  maildir ~/other"))
        done = run(tmp_path, "--all-accounts", status=EX_TEMPFAIL)
        assert b"popget: one: login" in done.stderr
        assert len(stored(tmp_path / "other")) == 1


@pytest.mark.parametrize(
    "command, status", [(f"echo {PASSWORD}", EX_OK), (f"echo {PASSWORD}; exit 3", EX_IOERR), ("kill -9 $$", EX_IOERR)]
)
def test_password_from_a_command(tmp_path, config, command, status):
    with MiniPop(small(1)) as server:
        config(account("one", server, f'  passwordeval "{command}"', "  allow-cleartext", "  maildir ~/one"))
        run(tmp_path, "one", status=status)
        assert len(stored(tmp_path / "one")) == (1 if status == EX_OK else 0)
        assert status == EX_OK or b"PASS" not in server.verbs()


def test_url_and_password_file(tmp_path, config):
    with MiniPop(small(1)) as server:
        config(PASSWORD + "\n", name="secret")
        config(
            f"account one\n url pop://alice@127.0.0.1:{server.port}\n password-file ~/secret\n"
            " allow-cleartext\n maildir ~/one\n",
            mode=0o644,
        )
        run(tmp_path, "one")
        assert len(stored(tmp_path / "one")) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_password_for_others_to_read(tmp_path, config, mode):
    with MiniPop(small(1)) as server:
        path = config(DEFAULTS + account("one", server, "  maildir ~/one"), mode=mode)
        done = run(tmp_path, "one", status=EX_REFUSED)
        assert f"popget: {path}:4: ".encode() in done.stderr and b"chmod 600" in done.stderr
        assert server.commands == []


@pytest.mark.parametrize(
    "text, line",
    [
        ("host x\n", 1),
        ("account a\n\n# comment\n nonsense 1\n", 4),
        ("account a\n host\n", 2),
        ("account a\n port 0\n", 2),
        ("account a\n port 70000\n", 2),
        ("account a\n host a@b\n", 2),
        ("account a\n timeout soon\n", 2),
        ("account a\n tls perhaps\n", 2),
        ("account a\n delete maybe\n", 2),
        ('account a\n user "jane\n', 2),
        ("account a\naccount b\naccount a\n", 3),
        ("account\n", 1),
        ("account two words\n", 1),
        ("defaults all\n", 1),
        ("account a\n list\n", 2),
        ("account a\n watch 3\n", 2),
    ],
)
def test_errors_have_a_line(tmp_path, config, text, line):
    path = config(text)
    done = run(tmp_path, "a", status=EX_USAGE)
    assert done.stderr.startswith(f"popget: {path}:{line}: ".encode())


@pytest.mark.parametrize(
    "text",
    [
        "account a\n user x\n maildir y\n",
        "account a\n host x\n maildir y\n",
        "account a\n host x\n user y\n",
        "account a\n host x\n user y\n maildir z\n mbox z\n",
        "account a\n host x\n user y\n maildir z\n password a\n password-file b\n",
        "account a\n host x\n url pop://a@b\n maildir z\n",
        "account a\n host x\n user y\n maildir z\n new\n",
        "account b\n host x\n user y\n maildir z\n",
        "",
    ],
)
def test_accounts_that_can_not_be(tmp_path, config, text):
    config(text)
    done = run(tmp_path, "a", status=EX_USAGE)
    assert done.stderr.startswith(b"popget: a")


def test_no_such_file(tmp_path, config):
    run(tmp_path, "a", status=EX_IOERR)
    run(tmp_path, "--config", tmp_path / "none", "--all-accounts", status=EX_IOERR)
    config("")
    run(tmp_path, "--all-accounts", status=EX_USAGE)
    run(tmp_path, status=EX_USAGE)
