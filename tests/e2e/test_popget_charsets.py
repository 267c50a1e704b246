"""popget --list: subjects in the charsets of real mail. Expected texts are what Python's own codecs make of the octets.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import json

import pytest

from minipop import MiniPop
from programs import popget


def subject(word):
    with MiniPop([b"Subject: " + word + b"\n\nx\n"]) as server:
        done = popget("--list", "--json", port=server.port)
        return json.loads(done.stdout.splitlines()[0])["subject"]


def encoded(label, octets):
    return b"=?%s?B?%s?=" % (label.encode(), base64.b64encode(octets))


# A label, octets that the charset of that name has not and the one that mailers mean has, and that one in Python.
LARGER = [
    ("gb2312", b"\xe9F\x81\x40", "gb18030"),
    ("x-gbk", b"\xe9F\x84\x31\xa4\x37", "gb18030"),
    ("GB_2312-80", b"\xd6\xd0\xe9F", "gb18030"),
    ("iso-8859-1", b"\x93hi\x94 \x80", "cp1252"),
    ("us-ascii", b"\x93hi\x94", "cp1252"),
    ("iso-8859-9", b"\x80\xfd", "cp1254"),
    ("iso-8859-11", b"\x80\xa1", "cp874"),
    ("windows-874", b"\x80\xa1", "cp874"),
    ("shift_jis", b"\x87\x40\xfa\x40", "cp932"),
    ("x-sjis", b"\x87\x40", "cp932"),
    ("windows-31j", b"\xfb\xfc", "cp932"),
    ("euc-kr", b"\x81\x41\xb0\xa1", "cp949"),
    ("ks_c_5601-1987", b"\x81\x41", "cp949"),
    ("iso-8859-8-i", b"\xf9\xec\xe5\xed", "iso-8859-8"),
    ("macintosh", b"\x8e\xd2x\xd3", "mac_roman"),
    ("cp850", b"\x84\x94", "cp850"),
    ("cp437", b"\xe0\xe1", "cp437"),
    ("hz-gb-2312", b"a~~ ~{VPND~} b", "hz"),
    ("koi8-r", b"\xf2\xd5\xd3", "koi8-r"),
    ("windows-1251", b"\xd0\xf3\xf1", "cp1251"),
    ("euc-jp", b"\xc6\xfc\xcb\xdc", "euc-jp"),
    ("iso-2022-jp", b"\x1b$BF|K\\\x1b(B", "iso-2022-jp"),
    ("big5", b"\xa4\xa4\xa4\xe5", "big5"),
]


@pytest.mark.parametrize("label, octets, codec", LARGER, ids=[row[0] for row in LARGER])
def test_label_means_the_larger_charset(label, octets, codec):
    assert subject(encoded(label, octets)) == octets.decode(codec)
    assert subject(encoded(label.swapcase(), octets)) == octets.decode(codec)


def test_ascii_that_is_utf8():
    assert subject(encoded("us-ascii", "Grüße €".encode())) == "Grüße €"


def test_quoted_printable_of_windows():
    assert subject(b"=?iso-8859-1?Q?=93hi=94_=80?=") == "\u201chi\u201d \u20ac"


@pytest.mark.parametrize("label", ["utf-7", "x-unknown", "ebcdic-us", "utf-16", "iso-8859-12"])
def test_unknown_label_stays(label):
    """UTF-7 and UTF-16 hide what a filter looks for; the standard has them not for mail."""
    word = encoded(label, b"abc")
    assert subject(word) == word.decode()


def test_hz_that_ends_in_a_character():
    assert subject(encoded("hz-gb-2312", b"~{VPN")) == "\u4e2d\ufffd"
    assert subject(encoded("hz-gb-2312", b"ab~")) == "ab~"
