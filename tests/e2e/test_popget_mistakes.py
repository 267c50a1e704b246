"""What users and editors do: wrong ports, files with marks and foreign line ends, commands that say too much.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from certificates import Certificates
from mails import assert_same, fill, small, stored
from minipop import MiniPop
from programs import (
    EX_IOERR,
    EX_PROTOCOL,
    EX_USAGE,
    PASSWORD,
    popget,
    popget_environment,
    program,
)

MARK = b"\xef\xbb\xbf"


def by_command(tmp_path, server, command, status=0):
    """Fetches with `command` for passwordeval."""
    done = subprocess.run(
        [program("popget"), "--allow-cleartext", "--maildir", str(tmp_path / "in"), "--passwordeval", command]
        + [f"pop://alice@127.0.0.1:{server.port}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=popget_environment(None),
        timeout=120,
        preexec_fn=os.setsid,
    )
    assert done.returncode == status, done.stderr.decode(errors="replace")
    assert PASSWORD.encode() not in done.stdout + done.stderr
    return done


@pytest.mark.parametrize("more", ["echo user: alice", "seq 20000", "sleep 0.3; echo late; exit 0", "head -c 900000 /dev/zero"])
def test_command_that_says_more_than_the_password(tmp_path, more):
    """Password managers print notes behind it. The first line is the password, and no SIGPIPE kills the command."""
    with MiniPop(small(1)) as server:
        by_command(tmp_path, server, f"echo {PASSWORD}; {more}")
        assert_same(stored(tmp_path / "in"), small(1))


def test_command_that_does_not_end_its_output(tmp_path):
    with MiniPop(small(1)) as server:
        done = by_command(tmp_path, server, f"echo {PASSWORD}; yes", status=EX_IOERR)
        assert b"passwordeval: its output is too long" in done.stderr and server.commands == []


@pytest.mark.parametrize("text", [MARK + PASSWORD.encode() + b"\r\n", MARK + PASSWORD.encode()])
def test_password_file_with_a_byte_order_mark(tmp_path, text):
    secret = tmp_path / "secret"
    secret.write_bytes(text)
    secret.chmod(0o600)
    with MiniPop(small(1)) as server:
        popget("--password-file", secret, "--maildir", tmp_path / "in", port=server.port, password=None)
        assert_same(stored(tmp_path / "in"), small(1))


@pytest.mark.parametrize(
    "greeting, service",
    [
        (b"220 mail.example.org ESMTP\r\n", b"an SMTP server"),
        (b"220-mail.example.org\r\n220 ESMTP\r\n", b"an SMTP server"),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", b"an IMAP server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"an SSH server"),
        (b"hello\0\x1b[1m, who is there?\r\n", b"no POP3 server"),
    ],
)
def test_server_of_another_protocol(tmp_path, greeting, service):
    with MiniPop(GREETING=greeting) as server:
        done = popget("--maildir", tmp_path / "in", port=server.port, status=EX_PROTOCOL)
        assert b"this is " + service + b": wrong port?" in done.stderr
        shown = greeting.split(b"\r\n")[0].replace(b"\0", rb"\x00").replace(b"\x1b", rb"\x1b")
        assert b'It begins with "' + shown + b'"' in done.stderr
        assert server.commands == []


@pytest.mark.parametrize(
    "options",
    [
        ("--crlf",), ("--watch", 60), ("--state", "state"), ("--new", "--state", "s"), ("--all",),
        ("--max-messages", 1), ("--headers-first", "a"), ("--since", 1), ("--kill-size", 1), ("--delete-matching", "a"),
        ("--use-top",), ("--newest-first",), ("--delete",), ("--keep-newest", 1), ("--delete-after", 1),
    ],
)  # fmt: skip
def test_list_with_what_is_for_fetching(tmp_path, options):
    said = popget("--list", *options, port=1, status=EX_USAGE, cwd=tmp_path).stderr
    assert b"is for fetching" in said and options[-2 if len(options) > 1 else 0].encode() in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "user, hint", [("alice@example.org", b"%40"), ("alice:secret", b"%3A"), ("a@b@c", b"%40"), ("DOM:alice", b"%3A")]
)
def test_url_with_an_unquoted_user(tmp_path, user, hint):
    done = popget("--maildir", tmp_path / "in", port=1, user=user, status=EX_USAGE)
    assert hint in done.stderr and user.encode() not in done.stderr


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "mail.localhost"])
def test_localhost_needs_no_resolver(tmp_path, host):
    """RFC 6761 section 6.3. A namespace of its own hides /etc/hosts and the resolvers."""
    hidden = tmp_path / "empty"
    hidden.write_text("")
    script = f"mount --bind {hidden} /etc/hosts && mount --bind {hidden} /etc/nsswitch.conf && exec \"$@\""
    with MiniPop(small(1)) as server:
        command = [program("popget"), "--allow-cleartext", "--tls", "never", "--maildir", str(tmp_path / "in")]
        unshare = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
        if subprocess.run([*unshare, script, "sh", "true"], capture_output=True).returncode:
            pytest.skip("no namespaces here")
        done = subprocess.run(
            [*unshare, script, "sh", *command, f"pop://alice@{host}:{server.port}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=popget_environment(),
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        assert_same(stored(tmp_path / "in"), small(1))


IN_DNS = "xn--mnchen-3ya.localhost"  # by the algorithm of RFC 3492, as Python's own codec "idna" says, too


@pytest.mark.parametrize("typed", ["m\u00fcnchen.localhost", "M\u00dcNCHEN.localhost.", "mu\u0308nchen.localhost", IN_DNS])
def test_host_with_letters_beyond_ascii(popd, tmp_path, typed):
    """DNS, the certificate, SNI and the state know it by the form of RFC 5891; URL and configuration file may have it as
    it is read."""
    assert "m\u00fcnchen.localhost".encode("idna").decode() == IN_DNS
    certificates = Certificates(tmp_path)
    server = popd(certificate=certificates.named(IN_DNS))
    fill(server.maildir(), small(2))
    (tmp_path / "log").write_text("popget state log 1\n")
    options = ("--ca", certificates.ca.cert, "--maildir", tmp_path / "in", "--state", tmp_path / "log")
    popget(*options, "--max-messages", 1, port=server.tls_port, host=typed, options=(), scheme="pops")
    config = tmp_path / "rc"
    config.write_text(f"account a\n  host {typed}\n  port {server.port}\n  user alice\n  tls required\n")
    done = subprocess.run(
        [program("popget"), "--config", str(config), *map(str, options), "a"],
        stdin=subprocess.DEVNULL, capture_output=True, env=popget_environment(), timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert_same(stored(tmp_path / "in"), small(2))


@pytest.mark.parametrize(
    "typed, why",
    [
        ("a\u200db.localhost", b"has no form for DNS"),  # a joiner without what it joins: RFC 5892 appendix A.2
        (os.fsdecode(b"\xff.localhost"), b"has no form for DNS"),
        ("\u00fc" * 100, b"has no form for DNS"),
        ("\u00fc" * 2000, b"too long"),
    ],
)
def test_host_that_is_none(tmp_path, typed, why):
    assert why in popget("--maildir", tmp_path / "in", port=1, host=typed, status=EX_USAGE).stderr


def test_host_in_a_build_without_libidn2(tmp_path):
    where = {"port": 1, "host": "m\u00fcnchen.localhost", "release": "PLAIN"}
    said = popget("--maildir", tmp_path / "in", "--tls", "never", **where, status=EX_USAGE).stderr
    assert b"libidn2" in said and b"xn--" in said


def test_log_with_line_ends_of_an_editor(tmp_path):
    state = tmp_path / "state"
    state.write_text("popget state log 1\n")
    with MiniPop(small(3)) as server:
        options = ("--maildir", tmp_path / "in", "--state", state)
        popget(*options, "--max-messages", 2, port=server.port)
        state.write_bytes(state.read_bytes().replace(b"\n", b"\r\n"))
        popget(*options, port=server.port)
        popget(*options, port=server.port)
        assert_same(stored(tmp_path / "in"), small(3))
