"""A package index on loopback that speaks as PyPI (PEP 503, 691) and the npm registry do, with packages of the test."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.sandbox.web import LOOPBACK


def wheel(name: str, version: str, files: Mapping[str, str], *, needs: tuple[str, ...] = ()) -> tuple[str, bytes]:
    """The name and bytes of a wheel for every Python."""
    folder = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    whole = {
        **files,
        f"{folder}/METADATA": metadata + "".join(f"Requires-Dist: {need}\n" for need in needs),
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(text.encode())},{len(text.encode())}\n" for path, text in whole.items())
    whole[f"{folder}/RECORD"] = record + f"{folder}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in whole.items():
            archive.writestr(path, text)
    return f"{name}-{version}-py3-none-any.whl", packed.getvalue()


def sdist(name: str, version: str, setup: str) -> tuple[str, bytes]:
    """A source distribution, whose `setup.py` would run if somebody built it."""
    return f"{name}-{version}.tar.gz", _tar({f"{name}-{version}/setup.py": setup})


def npm_tarball(name: str, version: str, files: Mapping[str, str], **fields: Any) -> bytes:
    package = json.dumps({"name": name, "version": version, **fields})
    return _tar({f"package/{path}": text for path, text in {**files, "package.json": package}.items()})


def integrity(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _tar(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


class PackageIndex:
    """`asked`: every path that somebody asked for, with the names of the headers that could carry a secret."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.npm: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.secrets: list[str] = []
        self.port = 0

    @property
    def python_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/simple"

    @property
    def npm_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/npm"

    def add(self, file: tuple[str, bytes]) -> str:
        """A wheel or a source distribution; its sha256."""
        self.files[file[0]] = file[1]
        return hashlib.sha256(file[1]).hexdigest()

    def add_npm(
        self, name: str, version: str, files: Mapping[str, str], *, tarball: str | None = None, **fields: Any
    ) -> str:
        """A package for Node; its integrity. `tarball`: another address for its file."""
        data = npm_tarball(name, version, files, **fields)
        self.files[f"{name}-{version}.tgz"] = data
        address = tarball or f"http://{LOOPBACK}:{self.port}/files/{name}-{version}.tgz"
        entry = {"name": name, "version": version, **fields}
        entry["dist"] = {"tarball": address, "integrity": integrity(data)}
        package = self.npm.setdefault(name, {"name": name, "versions": {}, "dist-tags": {}})
        package["versions"][version] = entry
        package["dist-tags"]["latest"] = version
        return integrity(data)

    def answer(self, path: str) -> tuple[str, bytes] | None:
        folder, _, name = path.strip("/").partition("/")
        if folder == "files" and name in self.files:
            return "application/octet-stream", self.files[name]
        if folder == "npm" and name in self.npm:
            return "application/json", json.dumps(self.npm[name]).encode()
        if folder != "simple":
            return None
        files = [file for file in self.files if file.startswith((f"{name}-", f"{name.replace('-', '_')}-"))]
        links = "".join(
            f'<a href="/files/{file}#sha256={hashlib.sha256(self.files[file]).hexdigest()}">{file}</a>\n'
            for file in files
        )
        return ("text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()) if files else None


@contextmanager
def package_index() -> Iterator[PackageIndex]:
    index = PackageIndex()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            index.asked.append(self.path)
            index.secrets += [name for name in ("authorization", "cookie") if self.headers.get(name)]
            found = index.answer(self.path)
            kind, body = found or ("text/plain", b"not here")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 (so the library wants it)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    index.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
