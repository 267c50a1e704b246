"""examples/steps without TLS: the poll loop, the mechanism, the extension and the proxy, against other programs.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import poplib
import socket
import subprocess
import time

import pytest

from deadline import PATIENCE, until
from dialogue import Dialogue
from dovecot import Dovecot
from mails import assert_same, fill, mixed, sent_by_epop, sent_by_others, small, stored, with_lf
from minipop import MiniPop, stuffed
from peers import peer
from programs import PASSWORD, popget
from sockets import pieces
from steps import StepServer, run_step

MANY = 100
ONE_OF_MANY = b"From: epop\r\nSubject: hello\r\n\r\nOne of many.\r\n"


@pytest.mark.parametrize("name", ["poll-server", "mechanism", "extension-server", "extension-client", "proxy"])
def test_usage(name):
    done = run_step(name, status=64)
    assert done.stderr.startswith(b"usage: ") and done.stdout == b""


def curl(port, path, user="joe", password="hello"):
    url = f"pop3://127.0.0.1:{port}/{path}"
    return [peer("curl"), "-sS", "--max-time", "50", "-u", f"{user}:{password}", url]


@pytest.fixture
def many(tmp_path):
    with StepServer(tmp_path, "poll-server", None) as server:
        yield server


def test_poll_server_serves_many_at_once(many):
    """Every login is answered a second late, and all of them together are not a hundred seconds late."""
    start = time.monotonic()
    sessions = [Dialogue(many.port) for _ in range(MANY)]
    for session in sessions:
        session.ok(b"USER joe")
    for session in sessions:
        session.send(b"PASS hello\r\n")
    for session in sessions:
        assert session.line().startswith(b"+OK")
    assert time.monotonic() - start < MANY / 2
    assert [session.message(1) for session in sessions] == [ONE_OF_MANY] * MANY
    for session in sessions:
        session.ok(b"QUIT")
        session.close()
    many.says(b"session: EPOP_OK\n", MANY)


def test_poll_server_with_curl(many):
    running = [subprocess.Popen(curl(many.port, 1), stdout=subprocess.PIPE) for _ in range(20)]
    assert [process.communicate(timeout=60)[0] for process in running] == [ONE_OF_MANY] * 20


def test_poll_server_does_not_wait_for_a_late_answer(many):
    """While one login waits for its answer, another session goes through, and what was sent on waits as well."""
    with Dialogue(many.port) as other:
        other.login(b"joe", b"hello")
        with Dialogue(many.port) as late:
            late.ok(b"USER joe")
            late.send(b"PASS hello\r\nSTAT\r\nRETR 1\r\nQUIT\r\n")
            other.ok(b"NOOP")
            late.socket.setblocking(False)
            with pytest.raises(BlockingIOError):
                late.socket.recv(1)
            late.socket.setblocking(True)
            late.socket.settimeout(PATIENCE)
            assert late.line().startswith(b"+OK")
            assert late.line() == b"+OK 1 %d" % len(ONE_OF_MANY)
            assert late.line().startswith(b"+OK") and b"".join(row + b"\r\n" for row in late.rows()) == ONE_OF_MANY
            assert late.line().startswith(b"+OK") and late.ended()


def test_poll_server_refuses_late_too(many):
    start = time.monotonic()
    with Dialogue(many.port) as session:
        session.ok(b"USER joe")
        session.refused(b"PASS wrong")
    assert time.monotonic() - start > 0.5
    many.says(b"session: EPOP_ERR_PEER_EOF\n")


def test_poll_server_is_full_and_goes_on(many):
    sessions = [socket.create_connection(("127.0.0.1", many.port), PATIENCE) for _ in range(201)]
    assert sum(session.recv(3) == b"+OK" for session in sessions) == 200
    for session in sessions:
        session.close()
    many.says(b"session: EPOP_ERR_PEER_EOF\n", 200)
    with Dialogue(many.port) as session:
        session.login(b"joe", b"hello")


def test_mechanism():
    done = run_step("mechanism", "joe", "hello", "246810", stdin=False)
    assert done.stdout.endswith(b"EPOP_OK\n")
    assert b"server is asked: X-CODE password\n" in done.stdout and b"server is asked: X-CODE code\n" in done.stdout
    assert b"S: SASL X-CODE\n" in done.stdout and b"246810" not in done.stdout


@pytest.mark.parametrize(
    "name, password, code, asked",
    [
        ("joe", "hello", "1", [b"password", b"code"]),
        ("joe", "wrong", "246810", [b"password"]),
        ("jo", "hello", "246810", [b"password"]),
        ("joe", "hello", "9" * 60, [b"password", b"code"]),
        ("joe", "x" * 400, "1", [b"failed"]),
        ("joe", "hello", "9" * 300, [b"password", b"failed"]),
    ],
    ids=["code", "password", "name", "long code", "password too long", "code too long"],
)
def test_mechanism_refuses(name, password, code, asked):
    done = run_step("mechanism", name, password, code, status=1, stdin=False)
    assert done.stdout.endswith(b"EPOP_ERR_LOGIN_REFUSED\n"), done.stdout
    questions = [line.rpartition(b" ")[2] for line in done.stdout.splitlines() if line.startswith(b"server is asked")]
    assert questions == asked


@pytest.fixture
def extended(tmp_path):
    with StepServer(tmp_path, "extension-server", None) as server:
        yield server


@pytest.mark.parametrize("text, numbers", [("green", b"1\n2\n"), ("blue", b"3\n"), ("black", b"")])
def test_extension(extended, text, numbers):
    done = run_step("extension-client", "127.0.0.1", extended.port, "joe", text, password="hello")
    assert done.stdout == numbers and done.stderr == b""


def test_extension_server(extended):
    """As others see it: in CAPA, in any letter case, after login only, with its own errors."""
    with Dialogue(extended.port) as session:
        assert b"XFIND" in session.listing(b"CAPA")
        session.refused(b"XFIND green")
        session.login(b"joe", b"hello")
        assert session.listing(b"xfind green") == [b"1", b"2"]
        session.refused(b"XFIND")
        session.refused(b"XFINE green")
        session.ok(b"DELE 1")
        assert session.listing(b"XFIND green") == [b"2"]
        session.send(b"XFIND blue\r\nRETR 3\r\nQUIT\r\n")
        assert session.line().startswith(b"+OK") and session.rows() == [b"3"]
        assert session.line().startswith(b"+OK") and session.rows() == [b"Subject: plums", b"", b"blue"]
        assert session.line().startswith(b"+OK") and session.ended()


def test_extension_client_mistakes(extended, popd):
    """A text that would be a second command; a server without XFIND; a wrong password; one that is refused."""
    arguments = ("127.0.0.1", extended.port, "joe")
    done = run_step("extension-client", *arguments, "a\r\nDELE 1", password="hello", status=1)
    assert done.stderr.startswith(b"XFIND: CR, LF")
    done = run_step("extension-client", *arguments, "green", password="wrong", status=1)
    assert done.stderr.startswith(b"LOGIN: ") and b"XFIND" not in done.stderr
    done = run_step("extension-client", *arguments, "", password="hello", status=1)
    assert done.stderr == b"XFIND: the server refused it\n"
    done = run_step("extension-client", "127.0.0.1", popd().port, "alice", "green", status=1)
    assert done.stderr == b"the server has no XFIND\n"


@pytest.fixture
def proxy(tmp_path):
    started = []

    def start(port):
        started.append(StepServer(tmp_path, "proxy", None, "127.0.0.1", port))
        return started[-1]

    yield start
    for server in started:
        with server:
            pass


def fetch(port, maildir, *options, user="alice", **more):
    return popget("--maildir", maildir, *options, port=port, user=user, **more)


def test_proxy_with_popget(popd, proxy, tmp_path):
    """All messages, octet by octet, and their deletion: by popget, from popd."""
    messages = mixed(60)
    server = popd(prepare=lambda it: fill(it.maildir(), messages))
    between = proxy(server.port)
    fetch(between.port, tmp_path / "kept")
    assert_same(stored(tmp_path / "kept"), [with_lf(sent_by_epop(raw)) for raw in messages])
    assert len(stored(server.maildir())) == len(messages)
    fetch(between.port, tmp_path / "moved", "--delete")
    assert_same(stored(tmp_path / "moved"), [with_lf(sent_by_epop(raw)) for raw in messages])
    assert stored(server.maildir()) == []
    between.says(b"session: client EPOP_OK, server EPOP_OK\n", 2)


def test_proxy_with_curl_and_dovecot(proxy):
    dovecot = Dovecot()
    try:
        user = dovecot.user(small(3))
        between = proxy(dovecot.port)
        for number, raw in enumerate(small(3), 1):
            done = subprocess.run(curl(between.port, number, user, PASSWORD), capture_output=True, timeout=60)
            assert done.returncode == 0 and done.stdout == sent_by_others(raw), done.stderr
        done = subprocess.run(curl(between.port, 1, user, "wrong"), capture_output=True, timeout=60)
        assert done.returncode == 67
        assert dovecot.left(user) == 3
    finally:
        dovecot.stop()


def test_proxy_with_poplib(popd, proxy):
    """Listings, TOP and marks are those of the server."""
    messages = mixed(12)
    server = popd(prepare=lambda it: fill(it.maildir(), messages))
    between = proxy(server.port)

    def seen(port):
        session = poplib.POP3("127.0.0.1", port, timeout=PATIENCE)
        session.user("alice")
        session.pass_(PASSWORD)
        session.dele(2)
        out = [session.stat(), session.list()[1], session.uidl()[1]]
        out += [session.top(number, 2)[1] for number in range(5, 13)]
        session.rset()
        session.quit()
        return out

    assert seen(between.port) == seen(server.port)
    assert len(stored(server.maildir())) == len(messages)


def test_proxy_deletes_by_quit_only(popd, proxy):
    server = popd(prepare=lambda it: fill(it.maildir(), small()))
    between = proxy(server.port)
    with Dialogue(between.port) as session:
        session.login().ok(b"DELE 1")
    between.says(b"session: client")
    assert len(stored(server.maildir())) == len(small())
    with Dialogue(between.port) as session:
        session.login().ok(b"DELE 1")
        session.ok(b"DELE 3")
        session.ok(b"QUIT")
    until(lambda: len(stored(server.maildir())) == len(small()) - 2, "two messages are deleted")


def test_proxy_pipelined_in_pieces(popd, proxy):
    server = popd(prepare=lambda it: fill(it.maildir(), small()))
    between = proxy(server.port)
    script = b"USER alice\r\nPASS %s\r\nSTAT\r\nRETR 1\r\nRETR 9\r\nRETR 2\r\nQUIT\r\n" % PASSWORD.encode()
    with socket.create_connection(("127.0.0.1", between.port), PATIENCE) as session:
        pieces(session, script[:30], script[30:75], script[75:])
        said = b"".join(iter(lambda: session.recv(65536), b""))
    assert said.count(b"+OK") == 7 and said.count(b"-ERR") == 1
    for raw in small()[:2]:
        assert stuffed(sent_by_epop(raw)) in said


def test_proxy_passes_response_codes_on(popd, proxy):
    server = popd(prepare=lambda it: fill(it.maildir(), small()))
    between = proxy(server.port)
    with Dialogue(between.port) as session:
        session.ok(b"USER alice")
        assert session.refused(b"PASS wrong").startswith(b"-ERR [AUTH]")
        session.login().ok(b"QUIT")
    with Dialogue(server.port) as holder, Dialogue(between.port) as session:
        holder.login()
        session.ok(b"USER alice")
        assert session.refused(b"PASS " + PASSWORD.encode()).startswith(b"-ERR [IN-USE]")


def test_proxy_without_server(proxy):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with Dialogue(proxy(port).port) as session:
        assert session.greeting.startswith(b"-ERR [SYS/TEMP]") and session.ended()


def test_proxy_server_leaves_within_a_message(proxy):
    """Half a message must not look whole: no dot line, and the connection ends."""

    def retr(session, _):
        session.end()
        return b"+OK\r\nSubject: half\r\n\r\nof it"

    with MiniPop(small(), RETR=retr) as server:
        with Dialogue(proxy(server.port).port) as session:
            session.login().ok(b"RETR 1")
            rest = session.reader.read()
            assert rest == b"Subject: half\r\n\r\nof it", rest


def test_proxy_server_leaves_before_its_answer(proxy):
    """A question that nobody answers any more is answered by the proxy, and nothing is said to be deleted."""

    def leave(session, _):
        session.end()
        return b""

    with MiniPop(small(), QUIT=leave) as server:
        with Dialogue(proxy(server.port).port) as session:
            session.login().ok(b"DELE 1")
            assert session.refused(b"QUIT").startswith(b"-ERR [SYS/TEMP]") and session.ended()


@pytest.mark.parametrize(
    "verb, answer", [("DELE", b"-ERR no\r\n"), ("QUIT", b"-ERR [SYS/TEMP] not all\r\n")], ids=["DELE", "QUIT"]
)
def test_proxy_tells_that_a_deletion_failed(proxy, verb, answer):
    """Our client has its mark, from the session; whether it took place is seen at QUIT."""
    with MiniPop(small(), **{verb: answer}) as server:
        with Dialogue(proxy(server.port).port) as session:
            session.login().ok(b"DELE 1")
            reply = session.refused(b"QUIT")
            assert verb == "DELE" or reply.startswith(b"-ERR [SYS/TEMP]")


def test_proxy_server_lies(proxy):
    """A reply too many ends it; it never reaches our client as one of its own."""
    with MiniPop(small(), RETR=b"+OK\r\nSubject: x\r\n\r\n.\r\n+OK forged\r\n") as server:
        with Dialogue(proxy(server.port).port) as session:
            session.login().ok(b"RETR 1")
            assert b"forged" not in session.reader.read()


def test_proxy_large_message_to_a_slow_client(popd, proxy):
    """More than all buffers between them hold."""
    large = b"Subject: large\n\n" + b"x" * 76 + b"\n" + (b"." * 76 + b"\n") * 200_000
    server = popd(prepare=lambda it: fill(it.maildir(), [large]))
    with Dialogue(proxy(server.port).port) as session:
        session.login()
        session.send(b"RETR 1\r\n")
        time.sleep(1)
        assert session.line().startswith(b"+OK")
        assert b"".join(line + b"\r\n" for line in session.rows()) == sent_by_epop(large)
