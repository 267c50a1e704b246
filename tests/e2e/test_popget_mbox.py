"""popget --mbox: the "From " line names the sender, and no Content-Length that is no longer true is left.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import mailbox
import time

import pytest

from minipop import MiniPop
from programs import popget


def fetch(box, *messages, options=(), **more):
    with MiniPop(messages, **more) as server:
        popget("--mbox", box, *options, port=server.port)
    return box.read_bytes()


def senders(octets):
    return [line.split(b" ", 2)[1] for line in octets.split(b"\n") if line.startswith(b"From ")]


PATHS = {
    "plain": (b"Return-Path: <jane@example.org>\n", b"jane@example.org"),
    "letter case": (b"RETURN-path:<jane@example.org>  \n", b"jane@example.org"),
    "behind others": (b"Received: x\nReturn-Path: <a@b>\n", b"a@b"),
    "first counts": (b"Return-Path: <a@b>\nReturn-Path: <c@d>\n", b"a@b"),
    "bounce": (b"Return-Path: <>\n", b"MAILER-DAEMON"),
    "none": (b"", b"MAILER-DAEMON"),
    "blank": (b'Return-Path: <"a b"@c>\n', b"MAILER-DAEMON"),
    "two": (b"Return-Path: <a@b> <c@d>\n", b"MAILER-DAEMON"),
    "no brackets": (b"Return-Path: a@b\n", b"MAILER-DAEMON"),
    "bare CR": (b"Return-Path: <a@b\rFrom c>\n", b"MAILER-DAEMON"),
    "tab": (b"Return-Path: <a\tb>\n", b"MAILER-DAEMON"),
    "NUL": (b"Return-Path: <a\0b>\n", b"MAILER-DAEMON"),
    "eight bits": (b"Return-Path: <\xc3\xa4@b>\n", b"MAILER-DAEMON"),
    "folded": (b"Return-Path:\n <a@b>\n", b"MAILER-DAEMON"),
    "longest": (b"Return-Path: <" + 255 * b"a" + b">\n", 255 * b"a"),
    "too long": (b"Return-Path: <" + 256 * b"a" + b">\n", b"MAILER-DAEMON"),
    "much too long": (b"Return-Path: <" + 5000 * b"a" + b">\n", b"MAILER-DAEMON"),
    "in the body": (b"Subject: x\n\nReturn-Path: <a@b>\n", b"MAILER-DAEMON"),
    "another name": (b"X-Return-Path: <a@b>\nReturn-Path-Of: <a@b>\n", b"MAILER-DAEMON"),
}


@pytest.mark.parametrize("options", [(), ("--crlf",)], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", PATHS)
def test_sender(tmp_path, name, options):
    head, sender = PATHS[name]
    octets = fetch(tmp_path / "box", head + b"Subject: x\n\nbody\n", options=options)
    assert senders(octets) == [sender]
    # A CR alone is a line end to the server of these tests.
    assert b"\r" in head or head.replace(b"\n", b"\r\n" if options else b"\n") in octets


def test_each_message_has_its_own_sender(tmp_path):
    paths = [b"%d@example.org" % n for n in range(150)]
    messages = [b"Return-Path: <%s>\nSubject: x\n\nbody\n" % path for path in paths]
    assert senders(fetch(tmp_path / "box", *messages, options=("--state", tmp_path / "state"))) == paths


LENGTHS = {
    "usual": (b"Content-Length: 9\n", b"X-Content-Length: 9\n"),
    "letter case": (b"CONTENT-lengTH:9\n", b"X-CONTENT-lengTH:9\n"),
    "old": (b"Content-Length \t: 9\n", b"X-Content-Length \t: 9\n"),
    "twice": (b"Content-Length: 9\nA: b\nContent-Length: 8\n", b"X-Content-Length: 9\nA: b\nX-Content-Length: 8\n"),
    "folded": (b"Content-Length:\n 9\n", b"X-Content-Length:\n 9\n"),
    "others": (b"Content-Lengths: 9\nContent-Type: a/b\nX-Content-Length: 9\nContent-Lengt: 1\nContent-Length\n", None),
    "continued": (b"A: b\n Content-Length: 9\n", None),
    "body": (b"A: b\n\nContent-Length: 9\n", None),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_content_length(tmp_path, name):
    head, renamed = LENGTHS[name]
    octets = fetch(tmp_path / "box", head + b"\nFrom me\nx\n")
    assert (b"\n" + (renamed or head) + b"\n>From me\nx\n\n") in octets


def slowly(session, argument):
    """RETR, an octet at a time."""
    for octet in session.usual(b"RETR", argument):
        session.send(bytes([octet]))
        time.sleep(0.0005)
    return b""


def test_octets_one_by_one(tmp_path):
    message = b"Return-Path: <a@b>\nContent-Length: 9\nContent-Len: x\nSubject: x\n\nFrom x\n"
    assert senders(fetch(tmp_path / "slow", message, RETR=slowly)) == [b"a@b"]
    whole = fetch(tmp_path / "whole", message)
    assert (tmp_path / "slow").read_bytes().split(b"\n")[1:] == whole.split(b"\n")[1:]


@pytest.mark.parametrize("message", [b"Content-Length", b"Content-Len", b"Return-Path: <a@b>", b"Content-Length: 9", b"\n"])
def test_header_that_ends_the_message(tmp_path, message):
    octets = fetch(tmp_path / "box", message)
    assert message.replace(b"Content-Length: ", b"X-Content-Length: ") + b"\n" in octets
    assert len(mailbox.mbox(tmp_path / "box", create=False)) == 1
