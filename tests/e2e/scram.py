"""SCRAM (RFC 5802, RFC 7677) with the standard library alone: a client and a server that can be told to lie.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import hashlib
import hmac
import secrets


def b64(octets):
    return base64.b64encode(octets)


def _mac(hash_name, key, text):
    return hmac.new(key, text, hash_name).digest()


def _xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


def hash_of(mechanism):
    return "sha256" if "256" in mechanism else "sha1"


def fields(message):
    """The attributes of a message by their letter."""
    return {part[:1]: part[2:] for part in message.split(b",")}


class Keys:
    """The keys of a password."""

    def __init__(self, mechanism, password, salt, iterations):
        self.hash = hash_of(mechanism)
        salted = hashlib.pbkdf2_hmac(self.hash, password, salt, iterations)
        self.client = _mac(self.hash, salted, b"Client Key")
        self.stored = hashlib.new(self.hash, self.client).digest()
        self.server = _mac(self.hash, salted, b"Server Key")

    def proof(self, auth_message):
        return _xor(self.client, _mac(self.hash, self.stored, auth_message))

    def signature(self, auth_message):
        return _mac(self.hash, self.server, auth_message)

    def proven(self, proof, auth_message):
        client = _xor(proof, _mac(self.hash, self.stored, auth_message))
        return hashlib.new(self.hash, client).digest() == self.stored


class Client:
    """One exchange. `binding` is "type:" and data for the -PLUS mechanisms."""

    def __init__(self, mechanism, user, password, binding=None):
        self.mechanism = mechanism
        self.password = password
        self.binding = binding
        self.gs2 = b"p=" + binding.partition(b":")[0] + b",," if binding else b"n,,"
        self.nonce = b64(secrets.token_bytes(18))
        self.bare = b"n=" + user + b",r=" + self.nonce

    def first(self):
        return self.gs2 + self.bare

    def final(self, server_first):
        said = fields(server_first)
        assert said[b"r"].startswith(self.nonce) and said[b"r"] != self.nonce
        keys = Keys(self.mechanism, self.password, base64.b64decode(said[b"s"]), int(said[b"i"]))
        bound = self.gs2 + (self.binding.partition(b":")[2] if self.binding else b"")
        without_proof = b"c=" + b64(bound) + b",r=" + said[b"r"]
        message = self.bare + b"," + server_first + b"," + without_proof
        self.expected = b"v=" + b64(keys.signature(message))
        return without_proof + b",p=" + b64(keys.proof(message))


class Server:
    """One exchange for whatever user, whose password is `password`. What it says can be changed by a test: `nonce` and
    `sign` are functions of what would be right, `iterations` and `salt` are said as they stand."""

    def __init__(self, mechanism, password, iterations=4096, nonce=None, sign=None, salt=b"sixteen octets!!"):
        self.mechanism = mechanism
        self.password = password
        self.iterations = iterations
        self.nonce = nonce or (lambda client: client + b64(secrets.token_bytes(12)))
        self.sign = sign or (lambda signature: signature)
        self.salt = salt

    def first(self, client_first):
        self.gs2, _, self.bare = client_first.split(b",", 2)
        nonce = self.nonce(fields(self.bare)[b"r"])
        self.said = b"r=" + nonce + b",s=" + b64(self.salt) + b",i=" + str(self.iterations).encode()
        return self.said

    def final(self, client_final):
        """The signature, whether or not the proof is right; that is in `proven`."""
        keys = Keys(self.mechanism, self.password, self.salt, self.iterations)
        without_proof, _, proof = client_final.rpartition(b",p=")
        message = self.bare + b"," + self.said + b"," + without_proof
        self.proven = keys.proven(base64.b64decode(proof), message)
        return b"v=" + b64(self.sign(keys.signature(message)))
