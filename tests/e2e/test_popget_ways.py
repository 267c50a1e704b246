"""popget --proxy and --source: the ways to the server.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import socket
import subprocess
import time

import pytest

from mails import small
from minipop import MiniPop
from programs import EX_PROTOCOL, EX_REFUSED, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE, popget, program
from socks import Socks

CLEAR = ("--tls", "never")


def fetched(folder):
    return len(list((folder / "new").iterdir()))


@pytest.mark.parametrize("slow", [0, 0.02])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_proxy_resolves_the_name(tmp_path, scheme, slow):
    """No resolver knows this name: the proxy gets it as it is."""
    with MiniPop(small()) as server, Socks({("mail.invalid", 110): ("127.0.0.1", server.port)}, slow=slow) as proxy:
        popget(
            "--maildir", tmp_path / "in", "--proxy", proxy.url(scheme=scheme), *CLEAR, host="mail.invalid", port=110
        )
        assert proxy.asked == [(3, "mail.invalid", 110)]
        assert proxy.methods == [b"\x00"]
        assert fetched(tmp_path / "in") == len(small())


@pytest.mark.parametrize("host, kind, plain", [("192.0.2.7", 1, "192.0.2.7"), ("[2001:db8::7]", 4, "2001:db8::7")])
def test_proxy_gets_addresses(host, kind, plain):
    with MiniPop(small()) as server, Socks({(plain, 110): ("127.0.0.1", server.port)}) as proxy:
        popget("--list", "--proxy", proxy.url(), *CLEAR, host=host, port=110)
        assert proxy.asked == [(kind, plain, 110)]


def test_proxy_with_login():
    with MiniPop(small()) as server, Socks(user=("jo:e", "p@ss")) as proxy:
        popget("--list", "--proxy", proxy.url("jo%3Ae:p%40ss@"), *CLEAR, port=server.port)
        assert proxy.logins == [(b"jo:e", b"p@ss")]
        for wrong in ("", "joe:wrong-secret@"):
            done = popget("--list", "--proxy", proxy.url(wrong), *CLEAR, port=server.port, status=EX_REFUSED)
            assert "proxy 127.0.0.1" in done.stderr.decode() and "wrong-secret" not in done.stderr.decode()


REPLIES = {
    "refused": ({"reply": b"\x05\x05\x00\x01" + bytes(6)}, EX_UNAVAILABLE, "connection refused"),
    "rules": ({"reply": b"\x05\x02\x00\x01" + bytes(6)}, EX_REFUSED, "not allowed by its rules"),
    "unknown": ({"reply": b"\x05\xfe\x00\x01" + bytes(6)}, EX_UNAVAILABLE, "reply 254"),
    "short refusal": ({"reply": b"\x05\x04"}, EX_UNAVAILABLE, "host unreachable"),
    "cut": ({"reply": b"\x05\x00\x00\x01\x7f"}, EX_TEMPFAIL, "hung up"),
    "cut in a name": ({"reply": b"\x05\x00\x00\x03\xff" + bytes(20)}, EX_TEMPFAIL, "hung up"),
    "cut at once": ({"method": b""}, EX_TEMPFAIL, "hung up"),
    "type": ({"reply": b"\x05\x00\x00\x02" + bytes(6)}, EX_PROTOCOL, "unknown type of address"),
    "version of the reply": ({"reply": b"\x04\x00\x00\x01" + bytes(6)}, EX_PROTOCOL, "not of SOCKS version 5"),
    "no proxy": ({"method": b"+OK POP3 ready\r\n"}, EX_PROTOCOL, "wrong port?"),
    "method": ({"method": b"\x05\x01"}, EX_PROTOCOL, "not offered"),
    "login unasked": ({"method": b"\x05\x02"}, EX_PROTOCOL, "not offered"),
    "no method": ({"method": b"\x05\xff"}, EX_REFUSED, "wants a login"),
}


@pytest.mark.parametrize("name", REPLIES)
def test_proxy_refusals(name):
    lies, status, words = REPLIES[name]
    with Socks(**lies) as proxy:
        done = popget("--list", "--proxy", proxy.url(), *CLEAR, host="mail.invalid", port=110, status=status)
        assert f"proxy 127.0.0.1 port {proxy.port}: " in done.stderr.decode()
        assert words in done.stderr.decode()


def silent(_):
    time.sleep(8)
    return b""


@pytest.mark.parametrize("lies", [{"method": silent}, {"reply": silent}, {"slow": 0.4}], ids=["method", "reply", "slow"])
def test_proxy_has_a_deadline(lies):
    """One for the whole conversation: octets that come one by one do not move it."""
    begun = time.monotonic()
    with MiniPop(small()) as server, Socks(**lies) as proxy:
        done = popget(
            "--list", "--timeout", 2, "--proxy", proxy.url(), *CLEAR, port=server.port, status=EX_TEMPFAIL
        )
        assert "does not answer in time" in done.stderr.decode()
        assert time.monotonic() - begun < 6


def test_no_proxy_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = popget("--list", "--proxy", f"socks5://127.0.0.1:{port}", *CLEAR, port=110, status=EX_UNAVAILABLE)
    assert f"proxy 127.0.0.1 port {port}: no connection" in done.stderr.decode()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:3128", "socks4://127.0.0.1", "socks5://", "socks5://u@127.0.0.1", "socks5://:p@127.0.0.1",
     "socks5://u:@127.0.0.1", "socks5://127.0.0.1:0", "socks5://127.0.0.1:70000", "socks5://127.0.0.1:1x",
     "socks5://u:secret-word%0@h", "socks5://u:a%00b@h", "socks5://[::1", "socks5://u:" + 256 * "p" + "@h"],
)
def test_impossible_proxies(url):
    done = popget("--list", "--proxy", url, *CLEAR, port=110, status=EX_USAGE)
    assert "secret-word" not in done.stderr.decode()


def test_loopback_of_a_proxy_is_another_host():
    """127.0.0.1 is the proxy's own machine: no password goes there in the clear unless --tls says so."""
    with MiniPop(small()) as server, Socks() as proxy:
        popget("--list", "--proxy", proxy.url(), port=server.port, status=EX_REFUSED)
        assert proxy.asked != []
        assert b"USER" not in server.verbs()


def test_proxy_password_in_a_file_that_others_read(tmp_path):
    config = tmp_path / "rc"
    config.write_text("account a\n host h\n user u\n proxy socks5://u:p@127.0.0.1\n")
    config.chmod(0o644)
    command = [program("popget"), "--list", "--config", str(config), "a"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode == EX_REFUSED and b"rc:4: " in done.stderr


def test_source_is_bound():
    """Linux has all of 127.0.0.0/8 on its loopback."""
    seen = []

    def greeting(session, _):
        seen.append(session.socket.getpeername()[0])
        return b"+OK\r\n"

    with MiniPop(small(), GREETING=greeting) as server:
        popget("--list", "--source", "127.0.0.9", port=server.port)
        popget("--list", port=server.port)
    assert seen == ["127.0.0.9", "127.0.0.1"]


def test_source_of_the_way_to_the_proxy():
    with MiniPop(small()) as server, Socks() as proxy:
        popget("--list", "--proxy", proxy.url(), "--source", "127.0.0.8", *CLEAR, port=server.port)
        assert proxy.peers == ["127.0.0.8"]


@pytest.mark.parametrize(
    "source, words",
    [("::1", "it has no IPv6 address, and --source is one"), ("192.0.2.99", "no such address"),
     ("localhost", "--source"), ("1.2.3", "--source"), ("", "--source")],
)
def test_wrong_source(source, words):
    with MiniPop(small()) as server:
        done = popget("--list", "--source", source, port=server.port, status=EX_USAGE)
        assert words in done.stderr.decode()
        assert server.commands == []
