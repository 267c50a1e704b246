"""Waiting for something to become true: by asking again until a deadline, never by sleeping for luck.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import time

# Generous, because a sanitised program on a busy machine is slow; nothing waits this long when all is well.
PATIENCE = 60.0


def until(probe, what, seconds=PATIENCE):
    """The first true value of probe()."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} seconds: {what}")
        time.sleep(0.01)
