"""The whole native surface with its documents in front, and how to send it archives."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from skillyard.api.entrance import Door, Entrance
from skillyard.api.native.application import PREFIX, build_native
from skillyard.api.native.documents import Documents, HotReads
from skillyard.api.native.idempotent import Idempotent
from skillyard.app import App
from tests.api.asgi import Answer, call
from tests.api.native.api import Api

_BOUNDARY = "a-boundary"


class RegistryApi(Api):
    """`documents` are those that this server keeps."""

    def __init__(self, app: App, token: str | None = None) -> None:
        self.documents = Documents(app)
        native = Idempotent(app, build_native(app))
        hot = HotReads(app, self.documents)
        self._site = Entrance(app, [Door(surface=native, prefix=PREFIX, hot=hot)])
        self.token = token

    def publish(self, name: str, archive: bytes, *, dry_run: bool = False, sha256: str = "", **fields: str) -> Answer:
        parts = [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
            for field, value in fields.items()
        ]
        parts += [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="a.zip"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode(),
            archive,
            f"\r\n--{_BOUNDARY}--\r\n".encode(),
        ]
        headers = {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}
        headers |= {"x-skillyard-sha256": sha256} if sha256 else {}
        query = "?dry_run=true" if dry_run else ""
        return self.send_bytes("POST", f"{PREFIX}/skills/{name}/releases{query}", b"".join(parts), headers)

    def send_bytes(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, signed: bool = True
    ) -> Answer:
        """`url` may be absolute. Not `signed`: without the token."""
        parts = urlsplit(url)
        sent = dict(headers or {})
        if signed and self.token is not None:
            sent["authorization"] = f"Bearer {self.token}"
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return call(self._site, method, target, headers=sent, chunks=[body])
