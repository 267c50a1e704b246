"""Runs a program and writes down the most memory that it ever held, in KiB: measure.py REPORT PROGRAM ARGUMENT...

A process of its own and a small one, because Linux counts the memory that the parent has at the time of the fork as the
child's.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import sys

child = os.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w", encoding="ascii") as report:
    report.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
