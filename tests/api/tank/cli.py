"""Tank's command line 0.16.5 as it was recorded: the same requests in the same order, header for header."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from skillyard.api.asgi import build_asgi
from skillyard.api.entrance import Entrance
from skillyard.api.native.documents import Documents
from skillyard.app import App
from tests.api.asgi import Answer, call

BASE = "/tank/api/v1"
_NODE = {
    "accept": "*/*",
    "accept-language": "*",
    "sec-fetch-mode": "cors",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
}
_AGENT = "tank-cli/0.16.5"
_NO_AGENT = "node"


@dataclass(frozen=True)
class Pack:
    """What `tank publish` has in its hands: a manifest, and the tarball of the folder."""

    manifest: Mapping[str, Any]
    texts: Mapping[str, str]
    tarball: bytes

    @property
    def integrity(self) -> str:
        return "sha512-" + base64.b64encode(hashlib.sha512(self.tarball).digest()).decode()

    @property
    def unpacked_bytes(self) -> int:
        return sum(len(text.encode()) for text in self.texts.values())


def pack(
    name: str = "@acme/hello",
    version: str = "1.0.0",
    *,
    description: str = "Says hello. Use it to greet people.",
    body: str = "# Hello\n\nSay hello.\n",
    files: Mapping[str, str] | None = None,
    **manifest: Any,
) -> Pack:
    """A skill as Tank lays it out: `tank.json` says who it is, SKILL.md what it does."""
    said = {"name": name, "version": version, "description": description, **manifest}
    front = f"---\nname: {name.rpartition('/')[2].strip().lower()}\ndescription: {description}\n---\n\n"
    texts = {"tank.json": json.dumps(said, indent=2), "SKILL.md": front + body, **(files or {})}
    return Pack(manifest=said, texts=texts, tarball=tar_gz(texts))


def tar_gz(texts: Mapping[str, str]) -> bytes:
    """As node-tar's portable mode writes it: no folder around the files, no owner, compressed."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in texts.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


def one_segment(name: str) -> str:
    return quote(name, safe="")


@dataclass
class TankCli:
    """`token`: what its configuration holds. `base`, `host` and `port`: the registry that it was pointed at."""

    app: App
    token: str | None = None
    base: str = BASE
    host: str = "skills.example.org"
    port: int = 80
    site: Entrance = field(init=False)

    def __post_init__(self) -> None:
        self.site = build_asgi(self.app, Documents(self.app))

    def as_(self, token: str | None) -> TankCli:
        """The same server, asked by somebody else."""
        other = TankCli(self.app, token, self.base, self.host, self.port)
        other.site = self.site
        return other

    def get(self, path: str, *, signed: bool = True) -> Answer:
        return self.send("GET", path, signed=signed)

    def post(self, path: str, body: Any, *, signed: bool = True) -> Answer:
        return self.send("POST", path, body, signed=signed)

    def send(self, method: str, path: str, body: Any = None, *, signed: bool = True) -> Answer:
        headers = _NODE | {"host": self.host, "user-agent": _AGENT if signed else _NO_AGENT}
        if self.token and signed:
            headers["authorization"] = f"Bearer {self.token}"
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            headers |= {"content-type": "application/json", "content-length": str(len(data))}
        return call(self.site, method, self.base + path, headers=headers, chunks=[data], port=self.port)

    def follow(self, method: str, url: str, data: bytes = b"", *, client: str = "192.0.2.1", **more: str) -> Answer:
        """Use an address that an answer has handed out, as its host would be reached; without the token."""
        parts = urlsplit(url)
        headers = _NODE | {"host": parts.netloc, "user-agent": _NO_AGENT} | more
        if method == "PUT":
            headers |= {"content-type": "application/octet-stream", "content-length": str(len(data))}
        target = f"{parts.path}?{parts.query}"
        return call(self.site, method, target, headers=headers, chunks=[data], client=client)

    def start(self, pack: Pack) -> Answer:
        manifest = {key: value for key, value in pack.manifest.items() if key != "publish"}
        return self.post("/skills", {"manifest": manifest, "readme": pack.texts["SKILL.md"], "files": [*pack.texts]})

    def confirm(self, pack: Pack, version_id: str, **instead: Any) -> Answer:
        """`tarballSize` carries the sum of the uncompressed sizes, as the command line sends it."""
        body = {
            "versionId": version_id,
            "integrity": pack.integrity,
            "fileCount": len(pack.texts),
            "tarballSize": pack.unpacked_bytes,
            "readme": pack.texts["SKILL.md"],
        }
        return self.post("/skills/confirm", body | instead)

    def publish(self, pack: Pack) -> Answer:
        """`tank publish`: the answer to the last of its three requests, or to the first that failed."""
        started = self.start(pack)
        if started.status != 200:
            return started
        put = self.follow("PUT", started.json()["uploadUrl"], pack.tarball)
        return self.confirm(pack, started.json()["versionId"]) if put.status == 200 else put

    def install(self, name: str, version: str) -> Answer:
        """The two last requests of `tank install`: the answer to the download."""
        detail = self.get(f"/skills/{one_segment(name)}/{version}")
        assert detail.status == 200, detail.body
        return self.follow("GET", detail.json()["downloadUrl"])

    def scan(self, pack: Pack) -> Answer:
        """`tank scan`: the file name holds the whole name, slash and all."""
        name, version = pack.manifest["name"], pack.manifest["version"]
        parts = [
            f'--tank\r\nContent-Disposition: form-data; name="tarball"; filename="{name}-{version}.tgz"\r\n'
            "Content-Type: application/gzip\r\n\r\n".encode(),
            pack.tarball,
            b'\r\n--tank\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n',
            json.dumps(pack.manifest).encode(),
            b"\r\n--tank--\r\n",
        ]
        headers = _NODE | {"host": self.host, "user-agent": _AGENT}
        headers["content-type"] = "multipart/form-data; boundary=tank"
        headers |= {"authorization": f"Bearer {self.token}"} if self.token else {}
        return call(self.site, "POST", f"{self.base}/scan", headers=headers, chunks=[b"".join(parts)])
