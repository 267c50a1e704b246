#!/usr/bin/env python3
"""How long a login from another address waits while popd is flooded with logins, as a ratio to its wait in peace.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: login_flood.py [--connections N] [--seconds S] [--limit RATIO]
EPOP_POPD_RELEASE names the program. All is measured in one run, against a popd with its default limits and delays, by
clients at 127.0.0.2; the flood comes from 127.0.0.1. A client of each kind logs in again and again; "no login" only
connects and quits, so its ratio says what the machine itself makes of the load. The processor time that popd takes for a
reply is compared with that for a hash. Status 1 where a login waits more than RATIO times as long (default 6).
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from flood import KINDS, Elsewhere, Flood  # noqa: E402
from programs import PASSWORD, Popd, program  # noqa: E402


def no_login(port):
    with Elsewhere(port) as session:
        session.ok(b"QUIT")


def login(user):
    def wait(port):
        with Elsewhere(port) as session:
            session.login(user)
            session.ok(b"QUIT")

    return wait


CLIENTS = {"no login": no_login, "hashed password": login(b"bob"), "password in the clear": login(b"carol")}


def processor_time(popd):
    """Seconds that the process has used, all of its threads together."""
    fields = pathlib.Path(f"/proc/{popd.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(popd, seconds):
    """Medians and longest waits by client, all clients in turns."""
    times = {name: [] for name in CLIENTS}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, client in CLIENTS.items():
            begin = time.monotonic()
            try:
                client(popd.port)
            except TimeoutError:
                pass  # the wait counts all the same
            times[name].append(time.monotonic() - begin)
    return {name: (statistics.median(waits), max(waits)) for name, waits in times.items()}


def cost_of_a_hash(hashed):
    """Seconds of a processor, less what it takes to start the program."""

    def used(*options):
        before = os.times()
        for _ in range(20):
            subprocess.run([program("popd", True), *options], input=hashed, capture_output=True, check=True)
        after = os.times()
        return (after.children_user + after.children_system - before.children_user - before.children_system) / 20

    return max(used("--hash-password") - used("--version"), 1e-4)


def report(kind, peace, flooded, cpu, replies, hash_cost):
    print(f"{kind}: {replies} replies, {cpu / max(replies, 1) / hash_cost:.3f} hashes' worth of processor time a reply")
    worst = 0.0
    for name, (median, longest) in flooded.items():
        ratio = median / peace[name][0]
        worst = max(worst, ratio if name != "no login" else 0.0)
        print(
            f"    {name}: {peace[name][0] * 1000:.2f} ms in peace, {median * 1000:.2f} ms flooded "
            f"(longest {longest * 1000:.1f} ms): {ratio:.1f} times"
        )
    return worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--limit", type=float, default=6)
    chosen = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            [program("popd", True), "--hash-password"], input=PASSWORD.encode() + b"\n", capture_output=True, check=True
        )
        secret = done.stdout.decode().strip()
        lines = [f"alice:{secret}", f"bob:{secret}", f"carol:{{PLAIN}}{PASSWORD}"]
        options = ["--login-failure-delay", "1", "--max-sessions-per-address", "50"]
        options += ["--mechanisms", "SCRAM-SHA-256,PLAIN,USER"]
        popd = Popd(pathlib.Path(name), *options, users=("alice", "bob", "carol"), lines=lines, release=True).start()
        hash_cost = cost_of_a_hash(PASSWORD.encode() + b"\n")
        print(f"a hash takes {hash_cost * 1000:.2f} ms of a processor")
        peace = measure(popd, chosen.seconds)
        for kind in KINDS:
            with Flood(popd.port, kind, chosen.connections) as flood:
                time.sleep(1)
                before = processor_time(popd)
                flooded = measure(popd, chosen.seconds)
                cpu = processor_time(popd) - before
            worst = max(worst, report(kind, peace, flooded, cpu, flood.replies, hash_cost))
        popd.stop()
    print(f"worst: {worst:.1f} times; {chosen.limit:g} are allowed")
    return 1 if worst > chosen.limit else 0


sys.exit(main())
