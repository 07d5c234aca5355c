"""An issuer that answers a code with whatever ID token a test wants: forged, stale, or made out to somebody else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.peers.oidc.providers import CLIENT_ID


class Hostile:
    """`token`: what it hands out next; `document`: what it says of itself beside its addresses; `calls`: who asked."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = RSAKey.generate_key(2048, {"kid": "rsa"})
        self.curve = ECKey.generate_key("P-256", {"kid": "ec"})
        self.document: dict[str, Any] = {}
        self.token = ""
        self.access_token = "an access token"
        self.is_down = False
        self.calls: list[str] = []

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of a good token; None takes one away."""
        now_s = int(time.time())
        good = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "ada", "iat": now_s, "exp": now_s + 600}
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def sign(self, claims: Mapping[str, Any], *, alg: str = "RS256", kid: str | None = None) -> str:
        key = self.curve if alg == "ES256" else self.key
        return jwt.encode({"alg": alg, "kid": kid or key.kid}, dict(claims), key, algorithms=[alg])

    def unsigned(self, claims: Mapping[str, Any]) -> str:
        return f"{_encode({'alg': 'none', 'kid': self.key.kid})}.{_encode(claims)}."

    def signed_with_the_public_key(self, claims: Mapping[str, Any]) -> str:
        """As if the public key were a secret that both share (CVE-2015-9235 and many since)."""
        public = self.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        body = f"{_encode({'alg': 'HS256', 'kid': self.key.kid})}.{_encode(claims)}"
        return f"{body}.{_base64(hmac.new(public, body.encode(), hashlib.sha256).digest())}"

    def signed_by_a_stranger(self, claims: Mapping[str, Any]) -> str:
        stranger = RSAKey.generate_key(2048, {"kid": self.key.kid})
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, dict(claims), stranger)

    def rotate(self) -> None:
        """Sign with a new key from now on, and list the old one no longer."""
        self.key = RSAKey.generate_key(2048, {"kid": f"{self.key.kid}-next"})

    def answer(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            addresses = {name: f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **addresses, **self.document}
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in (self.key, self.curve)]}
        return {"id_token": self.token, "access_token": self.access_token, "token_type": "Bearer"}


@contextlib.contextmanager
def hostile() -> Iterator[Hostile]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    peer = Hostile(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            peer.calls.append(self.path)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.dumps(peer.answer(self.path)).encode()
            self.send_response(503 if peer.is_down else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 (the name that the server looks for)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()


def _encode(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
