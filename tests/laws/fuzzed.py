#!/usr/bin/env python3
"""Every function of the public headers is called by a fuzz target.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

# They take no input at all, or hide nothing that an input could change.
BESIDE = {'epop_client_sizeof', 'epop_sasl_sizeof', 'epop_server_sizeof', 'epop_sync_sizeof', 'epop_version_number',
          'epop_strerror', 'epop_secret_equal'}


def adapter_functions():
    """Those of mbedtls.h, which can be read without mbedTLS."""
    text = tree.without_comments(tree.read('include', 'epop', 'mbedtls.h'))
    return re.findall(r'EPOP_API [^;(]*?\b(epop_\w+)\(', text)


def main():
    text = '\n'.join(tree.without_comments(tree.read(path)) for path in tree.c_files('fuzz'))
    called = set(re.findall(r'\b(epop_\w+)', text))
    functions = set(tree.public_functions() + adapter_functions())
    faults = [f'no target calls {name}' for name in sorted(functions - called - BESIDE)]
    faults += [f'{name} is called by a target' for name in sorted(BESIDE & called)]
    faults += [f'{name} is no function' for name in sorted(BESIDE - functions)]
    tree.finish(faults, 'Let a target in fuzz/ reach it, with a check of what it returns.')


main()
