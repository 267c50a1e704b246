#!/usr/bin/env python3
"""Makes the fuzz dictionary: the commands of commands.def, and the words of replies and capabilities.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: dictionary.py COMMANDS_DEF OUTPUT
"""
import re
import sys

ARGUMENTS = {'NONE': '', 'NUMBER': ' 1', 'NUMBER_OPTIONAL': ' 2', 'NUMBER_LINES': ' 1 2', 'REST': ' a b',
             'WORD_OPTIONAL': ' de', 'WORD_WORD': ' a b', 'WORDS_OPTIONAL': ' PLAIN ='}
# RFC 1939 section 3, RFC 2449 sections 6 and 8, RFC 2595, RFC 3206, RFC 6856, RFC 2384; RFC 5802, RFC 7628.
OTHERS = ['+OK', '+OK ', '-ERR', '-ERR ', '+ ', '\r\n', '\n', '.\r\n', '..', '\r\n.\r\n', '\x1e', '+OK 2 320\r\n',
          '1 120\r\n', '[IN-USE]', '[LOGIN-DELAY]', '[SYS/TEMP]', '[SYS/PERM]', '[AUTH]', '[UTF8]', 'SASL',
          'RESP-CODES', 'LOGIN-DELAY', 'PIPELINING\r\n', 'EXPIRE', 'NEVER', 'IMPLEMENTATION', 'AUTH-RESP-CODE',
          '<1.2@a>', 'POP4 rev', 'pop://', 'pops://', ';AUTH=', '+APOP', '%0d', '[::1]', ':110', '4294967295',
          '4294967296', '18446744073709551615', 'QUJD', '=', 'n,,n=', 'y,,', 'p=tls-exporter,,', ',a=', ',r=', ',s=', ',i=3',
          'c=biws', ',p=', 'v=', 'e=', 'm=', '=2C', '=3D', 'auth=Bearer ', 'user=', '\x01', 'SCRAM-SHA-256', 'PLAIN', '*\r\n']


def escaped(text):
    return ''.join(c if c.isalnum() or c in ' +-./:;<>@[]=_%' else f'\\x{ord(c):02x}' for c in text)


def main():
    with open(sys.argv[1], encoding='utf-8') as f:
        rows = re.findall(r'^EPOP_COMMAND\((\w+),\s*(\w+),', f.read(), flags=re.M)
    words = [keyword + ARGUMENTS[grammar] + '\r\n' for keyword, grammar in rows]
    words += [keyword for keyword, _ in rows] + OTHERS
    with open(sys.argv[2], 'w', encoding='ascii') as f:
        f.writelines(f'"{escaped(word)}"\n' for word in words)


main()
