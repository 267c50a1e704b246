#!/usr/bin/env python3
"""popget and mpop over a link with a long way: 2,000 messages of 4 KiB from popd, fetched into a Maildir and deleted.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: slow_link.py [--delay MS] [--messages N] [--rounds N] [--popget OPTIONS]
EPOP_POPD_RELEASE and EPOP_POPGET_RELEASE name the programs. Both clients take turns over the same link in the same run;
what counts is the ratio of their times (medians), and a client's time in round trips of the link.
"""
import argparse
import asyncio
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from mails import fill  # noqa: E402
from programs import PASSWORD, Popd, program  # noqa: E402

USER = "alice"


class SlowLink:
    """Relays to `port`; what goes through takes `delay` seconds each way, however much it is."""

    def __init__(self, port, delay):
        self.target = port
        self.delay = delay
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._relay, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def _relay(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.sleep(2 * self.delay)  # the handshake of TCP
        await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer), return_exceptions=True)

    async def _pump(self, reader, writer):
        queue = asyncio.Queue()
        sender = asyncio.ensure_future(self._send(queue, writer))
        data = b"-"
        while data:
            data = await reader.read(1 << 18)
            queue.put_nowait((self.loop.time() + self.delay, data))
        await sender

    async def _send(self, queue, writer):
        while True:
            arrives, data = await queue.get()
            await asyncio.sleep(max(arrives - self.loop.time(), 0))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()


def message(number, octets=4096):
    head = b"From: sender@example.org\nSubject: %d\nMessage-ID: <%d@example.org>\n\n" % (number, number)
    line = b"A line of mail as people write it, of seventy-odd characters or so.\n"
    return (head + line * (octets // len(line)))[: octets - 1] + b"\n"


def mpop(folder, port):
    maildir = folder / "mpop"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    config = folder / "mpoprc"
    config.write_text(
        f"account default\nhost 127.0.0.1\nport {port}\ntls off\nauth user\nuser {USER}\npassword {PASSWORD}\n"
        f"received_header off\nkeep off\nuidls_file {folder}/uidls\ndelivery maildir {maildir}\n"
    )
    config.chmod(0o600)
    return ["mpop", "-C", str(config), "-q"], maildir


def popget(folder, port, options):
    maildir = folder / "popget"
    command = [program("popget", release=True), "--allow-cleartext", "--quiet", "--delete", "--maildir", str(maildir)]
    return [*command, *options, f"pop://{USER}@127.0.0.1:{port}"], maildir


def fetch(client, folder, link, popd, messages, *more):
    folder.mkdir()
    fill(popd.maildir(), messages)
    command, maildir = client(folder, link.port, *more)
    begun = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env={**os.environ, "POPGET_PASSWORD": PASSWORD})
    seconds = time.monotonic() - begun
    stored = len(list((maildir / "new").iterdir()))
    left = len(list((popd.maildir() / "new").iterdir()))
    assert (stored, left) == (len(messages), 0), f"{command[0]}: {stored} stored, {left} left"
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=50, help="milliseconds each way")
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--popget", default="", help="more options for popget")
    chosen = parser.parse_args()
    messages = [message(n) for n in range(chosen.messages)]
    times = {"popget": [], "mpop": []}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        popd = Popd(folder, release=True).start()
        link = SlowLink(popd.port, chosen.delay / 1000)
        for turn in range(chosen.rounds):
            more = chosen.popget.replace("{turn}", str(turn)).split()
            times["popget"].append(fetch(popget, folder / f"popget{turn}", link, popd, messages, more))
            times["mpop"].append(fetch(mpop, folder / f"mpop{turn}", link, popd, messages))
        popd.stop()
    medians = {name: statistics.median(all_times) for name, all_times in times.items()}
    for name, median in medians.items():
        print(f"{name}: {median * 1000 / (2 * chosen.delay):.1f} round trips of the link's {2 * chosen.delay:g} ms")
    print(f"one command at a time: {2 * chosen.messages} round trips for RETR and DELE alone")
    print(f"mpop / popget: {medians['mpop'] / medians['popget']:.2f}")


main()
