"""A private Dovecot with TLS, both ways, and every SASL mechanism of POP3 that it has.

Tokens are JSON web tokens (RFC 7519) with HMAC-SHA-256, which Dovecot checks by itself with a key from a file.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import hashlib
import hmac
import json
import os
import time

from certificates import Certificates
from dovecot import Dovecot, free_port
from programs import PASSWORD
from scram import b64

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2")

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:~/
first_valid_uid = 1
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = {folder}/passwords
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

OAUTH = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


def _part(octets):
    return b64(octets).replace(b"+", b"-").replace(b"/", b"_").rstrip(b"=")


def token(user, key, padding=0):
    """A token for an hour; `padding` makes it longer by about as many octets."""
    now = int(time.time())
    claims = {"sub": user, "iat": now - 60, "nbf": now - 60, "exp": now + 3600, "note": "x" * padding}
    text = b".".join(_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (text + b"." + _part(hmac.new(key, text, hashlib.sha256).digest())).decode()


class SecureDovecot(Dovecot):
    """user1 to user400 have PASSWORD; token() makes what lets them in without."""

    def _prepare(self):
        folder = self.folder / "certificates"
        folder.mkdir()
        self.certificates = Certificates(folder)
        self.ca = self.certificates.ca.cert
        self.key = os.urandom(32)
        (self.folder / "oauth2.conf").write_text(OAUTH.format(folder=self.folder))
        (self.folder / "passwords").write_text("".join(f"user{n}:{{PLAIN}}{PASSWORD}\n" for n in range(1, 401)))
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(b64(self.key))

    def _config(self):
        self.tls_port = free_port()
        own = self.certificates.server
        return CONFIG.format(
            folder=self.folder, port=self.port, tls_port=self.tls_port, cert=own.cert, key=own.key, **self.identity
        )

    def token(self, user, padding=0):
        return token(user, self.key, padding)

    def user(self, messages, _=""):
        return super().user(messages)
