"""popget: messages that are deleted unread or left alone by their size, header or date; and messages by TOP.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import email.utils
import time

import pytest

from mails import sent_by_epop, with_lf
from minipop import MiniPop
from programs import EX_PROTOCOL, EX_TEMPFAIL, EX_USAGE, popget

DAY = 86400


def mail(subject, body=b"x\n", head=b""):
    return head + b"Subject: " + subject + b"\n\n" + body


def subjects(folder):
    found = [path.read_bytes() for path in (folder / "new").iterdir()]
    return sorted(text.partition(b"Subject: ")[2].partition(b"\n")[0].decode() for text in found)


def left(server):
    return sorted(server.maildrop)


def test_kill_size(tmp_path):
    """Gone without RETR; what is as large as the limit is fetched, and stays by default."""
    limit = len(sent_by_epop(mail(b"fits")))
    with MiniPop([mail(b"fits"), mail(b"large", b"y" * 500 + b"\n")]) as server:
        done = popget("--maildir", tmp_path / "in", "--kill-size", limit, port=server.port)
        assert b"RETR 2" not in server.commands and b"DELE 2" in server.commands
        assert left(server) == [1] and subjects(tmp_path / "in") == ["fits"]
        assert b"message 2: to be deleted unread" in done.stderr


def test_killed_and_not_known_to_be_gone(tmp_path):
    """Nothing says that it is stored."""

    def hang_up(session, _):
        session.end()
        return b""

    with MiniPop([mail(b"large", b"y" * 500 + b"\n")], QUIT=hang_up) as server:
        done = popget("--maildir", tmp_path / "in", "--kill-size", 9, port=server.port, status=EX_TEMPFAIL)
        assert b"unread, and whether they were deleted is unknown: 1" in done.stderr
        assert b"popget: stored" not in done.stderr


def test_kill_size_spares_what_was_fetched(tmp_path):
    """Its copy is here, and --keep is the default: only what was never fetched is killed."""
    with MiniPop([mail(b"large", b"y" * 500 + b"\n")]) as server:
        popget("--maildir", tmp_path / "in", "--state", tmp_path / "state", port=server.port)
        popget("--maildir", tmp_path / "in", "--state", tmp_path / "state", "--kill-size", 9, port=server.port)
        assert left(server) == [1]


def test_kill_size_and_chosen_messages(tmp_path):
    with MiniPop([mail(b"a"), mail(b"b")]) as server:
        popget("--maildir", tmp_path / "in", "--kill-size", 1, "--messages", 2, port=server.port)
        assert left(server) == [1]


@pytest.mark.parametrize("options", [["--kill-size", 1], ["--delete-matching", "^Subject: "]], ids=["size", "header"])
def test_nothing_is_killed_where_the_listing_is_in_doubt(tmp_path, options):
    def doubtful(session, argument):
        return None if argument else b"+OK\r\n1 100\r\n1 100\r\n2 100\r\n.\r\n"

    with MiniPop([mail(b"a"), mail(b"b")], LIST=doubtful) as server:
        popget("--maildir", tmp_path / "in", *options, port=server.port, status=EX_PROTOCOL)
        assert left(server) == [1, 2] and "DELE" not in b" ".join(server.commands).decode()


def test_nothing_is_killed_where_sizes_are_not_known(tmp_path):
    with MiniPop([mail(b"a"), mail(b"b")], LIST=b"-ERR\r\n") as server:
        popget("--maildir", tmp_path / "in", "--kill-size", 1, port=server.port, status=None)
        assert left(server) == [1, 2]


@pytest.mark.parametrize("pattern, gone", [("^subject: spam", [2]), ("!^Subject: (ham|spam)", [3]), ("^Sub.*(a|p)", [1, 2])])
def test_delete_matching(tmp_path, pattern, gone):
    """Held against header lines, and never against the body."""
    with MiniPop([mail(b"ham", b"Subject: spam\n"), mail(b"spam"), mail(b"other")]) as server:
        done = popget("--maildir", tmp_path / "in", "--delete-matching", pattern, port=server.port)
        assert left(server) == [n for n in (1, 2, 3) if n not in gone]
        assert len(subjects(tmp_path / "in")) == 3 - len(gone)
        for number in gone:
            assert b"message %d: to be deleted unread" % number in done.stderr
            assert b"RETR %d" % number not in server.commands


def refuse(*_):
    return b"-ERR no\r\n"


def nothing(*_):
    return b"+OK\r\n.\r\n"


@pytest.mark.parametrize("top", [refuse, nothing], ids=["refused", "empty"])
def test_header_that_does_not_come_deletes_nothing(tmp_path, top):
    with MiniPop([mail(b"a"), mail(b"b")], TOP=top) as server:
        popget("--maildir", tmp_path / "in", "--delete-matching", "!never-there", port=server.port)
        assert left(server) == [1, 2] and subjects(tmp_path / "in") == ["a", "b"]


def test_header_that_is_cut_deletes_nothing(tmp_path):
    """The field that saves the message may stand behind the end of what is looked at."""
    long = b"".join(b"X-Filler-%d: %s\n" % (n, b"f" * 900) for n in range(80))
    with MiniPop([mail(b"saved", head=long), mail(b"spam")]) as server:
        popget("--maildir", tmp_path / "in", "--delete-matching", "!^Subject: saved", port=server.port)
        assert left(server) == [1] and subjects(tmp_path / "in") == ["saved"]


@pytest.mark.parametrize(
    "options",
    [["--delete-matching", "("], ["--delete-matching", "!"], ["--delete-matching", ""], ["--kill-size", "0"],
     ["--kill-size", "1k"], ["--kill-size", "100", "--max-size", "100"], ["--since", "0"], ["--since", "x"]],
    ids=" ".join,
)
def test_impossible(tmp_path, options):
    with MiniPop([mail(b"a")]) as server:
        popget("--maildir", tmp_path / "in", *options, port=server.port, status=EX_USAGE)
        assert server.commands == []


def ago(days, zone=0):
    return email.utils.formatdate(time.time() - days * DAY).encode()


def received(date):
    return b"Received: from a by b\n with SMTP (x; y); " + date + b"\n"


DATES = {
    "date new": (b"Date: " + ago(1) + b"\n", True),
    "date old": (b"Date: " + ago(9) + b"\n", False),
    "just new": (b"Date: " + ago(2.9) + b"\n", True),
    "just old": (b"Date: " + ago(3.1) + b"\n", False),
    "received goes first": (received(ago(1)) + b"Date: " + ago(900) + b"\n", True),
    "first received counts": (received(ago(9)) + received(ago(1)) + b"Date: " + ago(1) + b"\n", False),
    "received that cannot be read": (received(b"yesterday") + b"Date: " + ago(9) + b"\n", False),
    "none": (b"", True),
    "unreadable": (b"Date: the 5th of May\n", True),
    "impossible": (b"Date: Mon, 45 Jan 2001 00:00:00 +0000\n", True),
    "two digits": (b"Date: 5 May 99 10:00 EST\n", False),
    "no seconds": (b"Date: Wed, 5 May 1999 10:00 +0200 (CEST)\n", False),
    "dashes": (b"Date: 5-May-1999 10:00:00\n", False),
    "folded": (b"Date:\n Wed,\n 5 May 1999 10:00:00 GMT\n", False),
    "future": (b"Date: " + ago(-400) + b"\n", True),
}


@pytest.mark.parametrize("name", DATES)
def test_since(tmp_path, name):
    head, is_new = DATES[name]
    with MiniPop([mail(b"a", head=head)]) as server:
        popget("--maildir", tmp_path / "in", "--since", 3, "--delete", port=server.port)
        assert (b"RETR 1" in server.commands) == is_new
        assert left(server) == ([] if is_new else [1])


def test_zones_of_dates(tmp_path):
    """A date in each zone, an hour on either side of the limit; Python's own email.utils makes them."""
    limit = time.time() - 3 * DAY
    for zone in (-12, -5, 0, 5.5, 14):
        for beside in (-1, 1):
            clock = time.strftime("%d %b %Y %H:%M:%S", time.gmtime(limit + 3600 * (beside + zone)))
            text = "%s %s%02d%02d" % (clock, "-" if zone < 0 else "+", abs(zone) // 1, abs(zone) % 1 * 60)
            assert abs(email.utils.mktime_tz(email.utils.parsedate_tz(text)) - limit - 3600 * beside) < 2
            with MiniPop([mail(b"a", head=f"Date: {text}\n".encode())]) as server:
                popget("--stdout", "--since", 3, port=server.port)
                assert (b"RETR 1" in server.commands) == (beside > 0), text


def test_use_top(tmp_path):
    messages = [mail(b"a", b".dots\n..\n" + b"line\n" * 3000), mail(b"b", b"no end")]
    with MiniPop(messages) as server:
        popget("--maildir", tmp_path / "in", "--use-top", "--delete", "--state", tmp_path / "s", port=server.port)
        stored = sorted(path.read_bytes() for path in (tmp_path / "in" / "new").iterdir())
        assert stored == sorted(with_lf(sent_by_epop(message)) for message in messages)
        assert b"TOP 1 2147483647" in server.commands and "RETR" not in b" ".join(server.commands).decode()
        assert left(server) == []


def test_use_top_beside_a_filter(tmp_path):
    with MiniPop([mail(b"a", b"1\n2\n3\n"), mail(b"b")]) as server:
        popget("--maildir", tmp_path / "in", "--use-top", "--headers-first", "^Subject: a", port=server.port)
        assert [c for c in server.commands if c.startswith(b"TOP")] == [b"TOP 1 0", b"TOP 2 0", b"TOP 1 2147483647"]
        assert subjects(tmp_path / "in") == ["a"]


def test_use_top_without_top(tmp_path):
    with MiniPop([mail(b"a")], TOP=refuse) as server:
        done = popget("--maildir", tmp_path / "in", "--use-top", "--delete", port=server.port, status=EX_PROTOCOL)
        assert b"message 1: TOP was refused: --use-top needs a server that has it" in done.stderr
        assert left(server) == [1]


def test_top_that_cuts_stores_nothing(tmp_path):
    """A server that gives less by TOP than LIST has: with --delete the rest would be lost."""
    with MiniPop([mail(b"a", b"line\n" * 100)], TOP=b"+OK\r\nSubject: a\r\n\r\nline\r\n.\r\n") as server:
        done = popget("--maildir", tmp_path / "in", "--use-top", "--delete", port=server.port, status=EX_PROTOCOL)
        assert b"it may be cut" in done.stderr and left(server) == [1]
        assert list((tmp_path / "in" / "new").iterdir()) == []
