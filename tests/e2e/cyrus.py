"""A private Cyrus as tests/install.sh has unpacked it: its POP3 server with TLS, and users of libsasl's own database.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import pathlib
import pwd
import grp
import shutil
import signal
import socket
import subprocess
import tempfile

from certificates import Certificates
from deadline import PATIENCE, until
from dovecot import free_port
from peers import missing
from programs import PASSWORD

CONFIG = """
configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
cyrus_user: {user}
cyrus_group: {group}
servername: localhost
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb2
sasl_mech_list: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
{plugins}
tls_server_cert: {cert}
tls_server_key: {key}
tls_versions: {versions}
autocreate_quota: 0
autocreate_users: anyone
"""

SERVICES = """
START {{
}}
SERVICES {{
  pop3 cmd="{pop3d} -C {folder}/imapd.conf" listen="127.0.0.1:{port}" prefork=0
  pop3s cmd="{pop3d} -s -C {folder}/imapd.conf" listen="127.0.0.1:{tls_port}" prefork=0
}}
"""


def unprivileged():
    """The user and group that Cyrus becomes."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_name, grp.getgrgid(nobody.pw_gid).gr_name


class Cyrus:
    """`alice` has PASSWORD and an empty mailbox. `versions` is what Cyrus calls tls_versions."""

    name = "cyrus"

    def __init__(self, versions="tls1_2"):
        self.binaries = pathlib.Path(os.environ.get("EPOP_PEERS", "/nonexistent")) / "cyrus"
        if not (self.binaries / "usr/lib/cyrus/bin/pop3d").exists():
            missing("cyrus", "not unpacked by tests/install.sh")
        self.env = dict(os.environ, LD_LIBRARY_PATH=":".join(self._libraries()))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="epop-cyrus."))
        self.process = None
        try:
            self._prepare(versions)
            self._start()
        except BaseException:
            self.stop()
            raise

    def _libraries(self):
        return sorted({str(path.parent) for path in self.binaries.rglob("*.so*") if path.parent.name != "sasl2"})

    def _prepare(self, versions):
        for name in ("certificates", "spool", "conf/socket", "conf/proc", "conf/db"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        certificates = Certificates(self.folder / "certificates")
        self.ca = certificates.ca.cert
        self.port, self.tls_port = free_port(), free_port()
        user, group = unprivileged()
        plugins = next(iter(self.binaries.rglob("libsasldb.so")), None)
        (self.folder / "imapd.conf").write_text(
            CONFIG.format(
                folder=self.folder,
                user=user,
                group=group,
                plugins=f"sasl_plugin_path: {plugins.parent}" if plugins else "",
                cert=certificates.server.cert,
                key=certificates.server.key,
                versions=versions,
            )
        )
        pop3d = self.binaries / "usr/lib/cyrus/bin/pop3d"
        (self.folder / "cyrus.conf").write_text(
            SERVICES.format(folder=self.folder, pop3d=pop3d, port=self.port, tls_port=self.tls_port)
        )
        self._add_user("alice")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, user, group)

    def _add_user(self, name):
        command = [self.binaries / "usr/sbin/saslpasswd2", "-p", "-c", "-f", self.folder / "sasldb2", "-u", "localhost"]
        done = subprocess.run(
            [*map(str, command), name], input=PASSWORD.encode(), env=self.env, capture_output=True, timeout=60
        )
        if done.returncode != 0:
            missing("cyrus", f"saslpasswd2: {done.stderr.decode(errors='replace')}")

    def _start(self):
        command = [self.binaries / "usr/lib/cyrus/bin/master", "-D", "-C", self.folder / "imapd.conf"]
        command += ["-M", self.folder / "cyrus.conf", "-p", self.folder / "pid"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [*map(str, command)],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def ready():
            if self.process.poll() is not None:
                missing("cyrus", f"does not start: {(self.folder / 'log').read_text(errors='replace')[-500:]}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.tls_port)) == 0

        until(ready, "Cyrus listens")

    def stop(self):
        if self.process is not None:
            # Its services are in its session, and end with it.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
