"""Whole popd and whole popget, with sanitizers, against peers that send mutated dialogues for a while.

The seeds are the same in every run, as many as the time allows; with EPOP_TEST_LONG they are others each time and the
time is longer. A failure names its seed; EPOP_SOAK_SEED=N starts with that one.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import errno
import itertools
import os
import re
import secrets
import select
import shutil
import socket
import struct
import threading
import time

from certificates import Certificates
from deadline import PATIENCE
from dialogue import Dialogue
from mails import files, fill, mixed, small
from minipop import MiniPop, Session
from mutate import Mutator
from programs import PASSWORD, popget

LONG = bool(os.environ.get("EPOP_TEST_LONG"))
SECONDS = 600 if LONG else 30  # for each of the two programs
USERS = ("anna", "boris", "clara")  # by no single fault one becomes another
HUNG_UP = {errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN}  # the last by shutdown(); popd may do so at any time
KEEPS_ALL = "anna"  # nothing that may delete is sent as this user


def seeds():
    """Consecutive numbers until the time is over."""
    first = int(os.environ.get("EPOP_SOAK_SEED", secrets.randbelow(1 << 48) if LONG else 1))
    end = time.monotonic() + SECONDS
    return itertools.takewhile(lambda seed: seed == first or time.monotonic() < end, itertools.count(first))


# ---- popd


def plain(user):
    return base64.b64encode(f"\0{user}\0{PASSWORD}".encode())


def dialogues(user):
    """What good clients say to popd, all at once: popd reads a command when it has answered the one before."""
    name, word = user.encode(), PASSWORD.encode()
    by_user = b"USER %s\r\nPASS %s\r\n" % (name, word)
    by_plain = b"AUTH PLAIN\r\n%s\r\n" % plain(user)
    by_plain_at_once = b"AUTH PLAIN %s\r\n" % plain(user)
    cancelled = b"AUTH SCRAM-SHA-256 biwsbj1ub2JvZHkscj1hYmNkZWZnaA==\r\n*\r\nCAPA\r\n"
    reading = b"STAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 2 0\r\nLIST 2\r\nUIDL 2\r\nNOOP\r\nRETR 2\r\n"
    deleting = b"RETR 1\r\nDELE 1\r\nLIST\r\nRSET\r\nDELE 2\r\nSTAT\r\n"
    return (
        b"CAPA\r\n" + by_user + reading + b"QUIT\r\n",
        by_plain + reading + deleting,
        by_plain_at_once + deleting + b"QUIT\r\n",
        cancelled * 3 + by_user + b"DELE 1\r\nQUIT\r\n",
        b"CAPA\r\nSTLS\r\n" + by_user + reading,
        b"AUTH\r\nAUTH LOGIN\r\n%s\r\n%s\r\n" % (base64.b64encode(name), base64.b64encode(word)) + reading,
        by_user + reading * 20 + b"QUIT\r\n",
    )


def converse(port, mutator, octets):
    """Sends it in pieces; reads meanwhile or not at all; goes in one of three ways. After an orderly end popd has to hang
    up, too."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        reads = mutator.often(0.9)
        ending = mutator.random.choice(("half-close", "half-close", "close", "reset"))
        try:
            for piece in mutator.pieces(octets):
                while not select.select([], [connection], [], 0)[1]:
                    if not reads:
                        return  # popd reads no further until its answers are taken
                    if select.select([connection], [connection], [], PATIENCE)[0] and not connection.recv(1 << 16):
                        return
                connection.send(piece)
                while reads and select.select([connection], [], [], 0)[0]:
                    if not connection.recv(1 << 16):
                        return
            if ending == "half-close":
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
            elif ending == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as error:
            if error.errno not in HUNG_UP:
                raise


def may_delete(octets):
    return re.search(rb"(?is)DELE\s.*\nQUIT", octets) is not None


def something(user, mutator):
    while True:
        octets = mutator.mutated(mutator.random.choice(dialogues(user)))
        if user != KEEPS_ALL or not may_delete(octets):
            return octets


def attack(server, user, mutators, failures):
    """One user's sessions, one after the other. No file changes; none goes but by DELE and QUIT."""
    mails = mixed(3) + small(2)
    maildir = server.maildir(user)
    fill(maildir, mails)
    whole = files(maildir)
    for seed, mutator in mutators:
        octets = something(user, mutator)
        try:
            converse(server.tls_port if mutator.often(0.1) else server.port, mutator, octets)
            left = files(maildir)
            assert left.items() <= whole.items(), f"files were changed: {left.keys() - whole.keys()}"
            assert user != KEEPS_ALL or left == whole, f"deleted without DELE and QUIT: {octets[:2000]!r}"
        except (AssertionError, OSError) as failure:
            failures.append(f"EPOP_SOAK_SEED={seed}, user {user}: {failure!r}")
            return
        if len(left) < 4:
            settle(server, user)
            for path in maildir.glob("*/*"):
                path.unlink(missing_ok=True)  # a session that only now logs in may delete as well
            fill(maildir, mails)
            whole = files(maildir)


def settle(server, user):
    """No session of this user is left: a new one gets in."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with Dialogue(server.port) as session:
            session.ok(b"USER " + user.encode())
            answer = session.command(b"PASS " + PASSWORD.encode())
            if answer.startswith(b"+OK"):
                session.ok(b"QUIT")
                return
            assert answer.startswith(b"-ERR [IN-USE]"), answer
    raise AssertionError(f"{user} cannot log in any more")


def test_popd(popd, tmp_path_factory):
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    server = popd(users=USERS, certificate=certificates.server)
    failures, lock, run = [], threading.Lock(), seeds()

    def mutators():
        while True:
            with lock:
                seed = next(run, None)
            if seed is None or failures:
                return
            yield seed, Mutator(seed)

    threads = [threading.Thread(target=attack, args=(server, user, mutators(), failures)) for user in USERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for user in USERS:
        settle(server, user)
    # A mutated login may send the password in the place of the name, and names are logged.
    said = [line for line in server.log.read_bytes().splitlines() if PASSWORD.encode() in line]
    assert [line for line in said if not re.search(rb' login-failed session=.* user="[^"]*" reason=\S+$', line)] == []
    os.truncate(server.log, 0)


# ---- popget

OPTIONS = (
    (),
    ("--delete",),
    ("--delete", "--state", "state"),
    ("--state", "state"),
    ("--delete", "--state", "log"),
    ("--new", "--state", "state", "--newest-first", "--max-messages", "2"),
    ("--list",),
)
STATUSES = {0, 65, 69, 73, 74, 75, 76, 77, 78}


class Liar(Session):
    """Answers with faults now and then, and hangs up on a client that waits for more."""

    def send(self, octets):
        mutator = self.server.mutator
        if mutator.often(self.server.lies):
            octets = mutator.mutated(octets)
        for piece in mutator.pieces(octets):
            self.socket.sendall(piece)

    def line(self):
        self.socket.settimeout(0.3 if self.server.lies else PATIENCE)
        return super().line()


class Hostile(MiniPop):
    def __init__(self, mutator):
        self.mutator = mutator
        self.lies = mutator.random.choice((0.05, 0.2, 1))
        super().__init__(mixed(3) + small(2), RETR=self.note("RETR"), DELE=self.note("DELE"))
        self.retrieved, self.deleted = set(), set()

    def note(self, verb):
        def answer(_, argument):
            (self.retrieved if verb == "RETR" else self.deleted).add(argument)

        return answer

    def session(self, connection):
        return Liar(self, connection)


def one_run(folder, seed):
    mutator = Mutator(seed)
    options = mutator.random.choice(OPTIONS)
    target = () if "--list" in options else ("--maildir", "mail")
    folder.mkdir()
    (folder / "log").write_text("popget state log 1\n")
    with Hostile(mutator) as server:
        done = popget(*options, *target, port=server.port, status=None, cwd=folder, timeout=PATIENCE)
    said = done.stderr.decode(errors="replace")
    assert done.returncode in STATUSES, f"ended with {done.returncode}: {said}"
    assert server.deleted <= server.retrieved, f"deleted unseen: {server.deleted - server.retrieved}; {said}"
    stored = list(folder.glob("mail/new/*"))
    assert len(stored) >= len(server.deleted), f"{len(server.deleted)} deleted, {len(stored)} stored: {said}"
    assert list(folder.glob("mail/tmp/*")) == [], "something is left in tmp"
    shutil.rmtree(folder)


def test_popget(tmp_path):
    for seed in seeds():
        try:
            one_run(tmp_path / str(seed), seed)
        except AssertionError as failure:
            raise AssertionError(f"EPOP_SOAK_SEED={seed}: {failure}") from failure
