"""Messages of every awkward kind, the same in every run, and what becomes of their octets on the way.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import contextlib
import random
import re

LARGEST = 200 * 1024
WORDS = b"post office mail bag letter stamp parcel porter counter round van sorting".split()
PIECES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"\n.\r\n",
    b".",
    b"..",
    b"x",
    b"text ",
    b"\xff",
]
EIGHT_BIT = bytes(b for b in range(1, 256) if b not in (10, 13))


def _words(rng, size):
    line = b""
    while len(line) < size:
        line += rng.choice(WORDS) + b" "
    return line[:size]


def _lines(rng, size, eol, starts=(b"",)):
    out = []
    total = 0
    while total < size:
        line = rng.choice(starts) + _words(rng, rng.randrange(78)) + eol
        out.append(line)
        total += len(line)
    return b"".join(out)[: max(size - len(eol), 0)] + eol


def _dots(rng, size):
    return _lines(rng, size, b"\n", (b".", b"..", b"...", b". ", b"", b".\n", b"..\n.\n"))


def _long(rng, size):
    return b"." + _words(rng, size) + b"\n.\n" + _words(rng, 998) + b"\n" + _words(rng, 999) + b"\n"


def _eight_bit(rng, size):
    return "Grüße, привет, 札幌\n".encode() + bytes(rng.choices(EIGHT_BIT, k=size)) + b"\n"


def _mixed(rng, size):
    return b"".join(rng.choices(PIECES, k=size // 2)) + b"\n"


def _open_end(rng, size):
    return _lines(rng, size, b"\n") + b"no line end here"


KINDS = {
    "lf": lambda rng, size: _lines(rng, size, b"\n"),
    "crlf": lambda rng, size: _lines(rng, size, b"\r\n"),
    "dots": _dots,
    "long": _long,
    "eight-bit": _eight_bit,
    "mixed": _mixed,
    "open-end": _open_end,
}

# Shorter than any header, or with none: legal to store, so a server must cope.
ODD = [
    b"",
    b"\n",
    b".",
    b"..",
    b"\r\n.\r\n",
    b"\r",
    b"X: no line end",
    b"X: header only\n",
    b"\n\n\n",
    b".\n.\n",
    b"\nbody only\n",
]


def message(rng, number, size, kind):
    """A message with a header, of about `size` octets."""
    eol = b"\r\n" if kind == "crlf" else b"\n"
    header = eol.join(
        [
            b"From: Sender <sender@example.org>",
            b"To: Reader <reader@example.org>",
            b"Subject: message %d, %s" % (number, kind.encode()),
            b"Date: Mon, 24 Nov 2025 08:00:00 +0000",
            b"Message-ID: <e2e-%d@example.org>" % number,
            b"",
            b"",
        ]
    )
    return header + KINDS[kind](rng, max(size - len(header), 0))


def mixed(count=200, kinds=tuple(KINDS), odd=True, largest=LARGEST):
    """`count` messages from 0 octets to `largest`, small ones more often than large ones."""
    rng = random.Random(count)
    out = list(ODD[:count]) if odd else []
    while len(out) < count:
        number = len(out) + 1
        size = int(largest * (number / count) ** 3)
        out.append(message(rng, number, size, kinds[number % len(kinds)]))
    return out


def small(count=5):
    """A few short messages, for tests that look at something else."""
    return [
        b"Subject: %d\nMessage-ID: <small-%d@example.org>\n\nhello %d\n.\n" % (n, n, n) for n in range(1, count + 1)
    ]


def sent_by_epop(raw):
    """As popd sends it: CRLF for every LF, CR and CRLF (include/epop/wire.h, epop_dot_encoder), a last line end added."""
    text = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return text + b"\r\n" if text and not text.endswith(b"\r\n") else text


def sent_by_others(raw):
    """As Dovecot and popa3d send it: CRLF for every LF, a bare CR is left as it is, a last line end added."""
    text = re.sub(rb"(?<!\r)\n", b"\r\n", raw)
    return text + b"\r\n" if text and not text.endswith(b"\n") else text


def with_lf(sent):
    """As popget and most clients store it: LF for CRLF."""
    return sent.replace(b"\r\n", b"\n")


def assert_same(got, expected):
    """The same messages, in any order, octet by octet."""
    assert len(got) == len(expected), f"{len(got)} messages, not {len(expected)}"
    for ours, theirs in zip(sorted(got), sorted(expected)):
        if ours != theirs:
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            raise AssertionError(
                f"a message of {len(ours)} octets differs at octet {at} from the expected one of {len(theirs)}: "
                f"{ours[max(at - 20, 0):at + 20]!r}, not {theirs[max(at - 20, 0):at + 20]!r}"
            )


def fill(maildir, messages, folder="new"):
    """Puts messages into a Maildir, their order being that of their names."""
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(messages, 1):
        (maildir / folder / f"17000{number:05d}.M{number}.e2e").write_bytes(raw)


def _octets(paths):
    """Path and octets of each that is a file still: a session may be deleting while a test looks."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                yield path, path.read_bytes()


def stored(maildir):
    """The messages in a Maildir, in the order of their names; none may be left in tmp."""
    if not maildir.exists():
        return []
    assert list((maildir / "tmp").glob("*")) == [], "something is left in tmp"
    return [octets for name in ("new", "cur") for _, octets in _octets(sorted((maildir / name).glob("*")))]


def files(maildir):
    """All files of a Maildir with their octets, to see that nothing has changed at all."""
    return {str(path.relative_to(maildir)): octets for path, octets in _octets(maildir.rglob("*"))}
