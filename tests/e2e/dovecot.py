"""A private Dovecot on a free port: its own configuration, state, log and mail, nothing of the system's.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import getpass
import grp
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

from deadline import PATIENCE, until
from mails import fill, sent_by_others
from peers import missing, peer
from programs import PASSWORD

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:~/
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dovecot:
    """One instance for many tests; every user name is let in and has a Maildir of its own."""

    name = "dovecot"

    def __init__(self):
        self.binary = peer("dovecot")
        version = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if not version.startswith("2.3."):
            missing("dovecot", f"the tests have a configuration for 2.3, not for {version}")
        # Not below pytest's own folder, which no other user may enter; the mail processes are other users.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="epop-dovecot."))
        self.folder.chmod(0o755)
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        self.process = None
        self.users = 0
        self.identity = self._identity()
        self._prepare()
        # A port cannot be left to the kernel here, and the one that was free a moment ago may be taken: try again.
        for _ in range(10):
            if self._start():
                return
        self.stop()
        raise AssertionError(f"dovecot did not start: {self._log()}")

    def _prepare(self):
        """For files beside the configuration."""

    def _identity(self):
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            return {
                "internal": "dovecot",
                "internal_group": "dovecot",
                "login": "dovenull",
                "uid": owner.pw_uid,
                "gid": owner.pw_gid,
            }
        me = getpass.getuser()
        return {
            "internal": me,
            "internal_group": grp.getgrgid(os.getgid()).gr_name,
            "login": me,
            "uid": os.getuid(),
            "gid": os.getgid(),
        }

    def _config(self):
        return CONFIG.format(folder=self.folder, port=self.port, password=PASSWORD, **self.identity)

    def _start(self):
        self.port = free_port()
        config = self.folder / "dovecot.conf"
        config.write_text(self._config())
        self.process = subprocess.Popen(
            [self.binary, "-F", "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "stderr", "wb"),
        )
        return until(self._state, "dovecot answers or ends") == "answers"

    def _state(self):
        if self.process.poll() is not None:
            return "ended"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                return "answers" if probe.recv(3) == b"+OK" else None
        except OSError:
            return None

    def _log(self):
        return "".join(
            path.read_text(errors="replace")[-3000:]
            for path in (self.folder / "log", self.folder / "stderr")
            if path.exists()
        )

    def user(self, messages):
        """A new user with these messages."""
        self.users += 1
        name = f"user{self.users}"
        maildir = self.folder / "mail" / name
        fill(maildir, messages)
        for path in [maildir, *maildir.rglob("*")]:
            os.chown(path, self.identity["uid"], self.identity["gid"])
        return name

    def left(self, user):
        """How many messages the user still has."""
        return sum(len(list((self.folder / "mail" / user / part).iterdir())) for part in ("new", "cur"))

    @staticmethod
    def sent(raw):
        return sent_by_others(raw)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
