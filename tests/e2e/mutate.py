"""Dialogues with faults in them: what a hostile or broken peer would send, made from what a good one sends.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import random

# What is special to somebody who parses POP3: ends of lines, dots, indicators, numbers at and beyond their limits.
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b".", b"\r\n.\r\n", b".\r\n", b"..", b" ", b"\t", b"\xff", b"*\r\n", b"=", b"+ ",
    b"+OK", b"-ERR", b"+OK\r\n", b"-ERR \r\n", b"[AUTH] ", b"[SYS/TEMP]", b"0", b"-1", b"1", b"2147483648",
    b"4294967295", b"4294967296", b"18446744073709551616", b"9" * 40, b"QUIT\r\n", b"RSET\r\n", b"STLS\r\n",
    b"CAPA\r\n", b"RETR 1\r\n", b"AUTH PLAIN\r\n", b"\x16\x03\x01\x02\x00\x01", b"A" * 600, b"A" * 70000,
)  # fmt: skip
LARGEST = 256 * 1024  # a soak looks for many faults, not for large ones


class Mutator:
    """All of it follows from the seed, so that a failure can be had again."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def often(self, probability):
        return self.random.random() < probability

    def _range(self, octets, longest=64):
        start = self.random.randint(0, len(octets))
        return start, min(len(octets), start + self.random.randint(1, longest))

    def _flip(self, octets):
        start, end = self._range(octets, 1)
        flipped = bytes(octet ^ 1 << self.random.randrange(8) for octet in octets[start:end])
        return octets[:start] + flipped + octets[end:]

    def _insert(self, octets):
        start, _ = self._range(octets)
        return octets[:start] + self.random.choice(TOKENS) + octets[start:]

    def _replace(self, octets):
        start, end = self._range(octets)
        return octets[:start] + self.random.choice(TOKENS) + octets[end:]

    def _drop(self, octets):
        start, end = self._range(octets)
        return octets[:start] + octets[end:]

    def _repeat(self, octets):
        start, end = self._range(octets)
        return octets[:start] + octets[start:end] * self.random.choice((2, 2, 3, 50, 1000)) + octets[end:]

    def _cut(self, octets):
        return octets[: self.random.randint(0, len(octets))]

    def _swap(self, octets):
        lines = octets.split(b"\r\n")
        first, second = self.random.randrange(len(lines)), self.random.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
        return b"\r\n".join(lines)

    def mutated(self, octets):
        """With some faults in it, one to four."""
        for _ in range(self.random.choice((1, 1, 2, 4))):
            kinds = (self._flip, self._insert, self._replace, self._drop, self._repeat, self._cut, self._swap)
            octets = self.random.choice(kinds)(octets)[:LARGEST]
        return octets

    def pieces(self, octets):
        """Cut as a network would cut it, or worse."""
        longest = self.random.choice((1, 7, 100, 1460, LARGEST))
        if len(octets) > 2000:
            longest = max(longest, 100)
        at = 0
        while at < len(octets):
            length = self.random.randint(1, longest)
            yield octets[at : at + length]
            at += length
