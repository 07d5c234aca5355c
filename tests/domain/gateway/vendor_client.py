"""A vendor's own client, published on npm, makes the calls of a file in `vendors/`; a server keeps what it asks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.domain.gateway.upstream import Asked
from tests.tools import node, npm_install

_CALLS = Path(__file__).parent / "vendors"
_TYPESCRIPT = "7.0.2"
_STANDS_FOR = "/stands-for/"
_OPTIONS = {
    "noEmit": True,
    "strict": True,
    "module": "nodenext",
    "target": "es2023",
    "lib": ["es2023", "dom"],
    "types": [],
    "skipLibCheck": True,
    "allowImportingTsExtensions": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorClient:
    """`slug` names our integration, and the file of calls."""

    slug: str
    package: str
    version: str

    def workshop(self, folder: Path) -> Path:
        """A folder in which the calls find the client."""
        shop = folder / self.slug
        shop.mkdir()
        (shop / "node_modules").symlink_to(npm_install(self.package, self.version) / "node_modules")
        for name in ("record.ts", f"{self.slug}.ts"):
            shutil.copy(_CALLS / name, shop)
        (shop / "package.json").write_text(json.dumps({"type": "module"}))
        (shop / "tsconfig.json").write_text(json.dumps({"compilerOptions": _OPTIONS, "include": ["*.ts"]}))
        return shop

    def type_faults(self, shop: Path) -> str:
        """What the vendor's types say against the calls; nothing, when they are fine."""
        compiler = npm_install("typescript", _TYPESCRIPT) / "node_modules" / "typescript" / "bin" / "tsc"
        return _run([str(compiler), "-p", "."], shop)

    def ask(self, shop: Path) -> dict[str, list[Asked]]:
        """What it asks for each endpoint of ours."""
        with recorder() as server:
            _run([f"{self.slug}.ts", server.url], shop)
        return server.asked


class Recorder(ThreadingHTTPServer):
    """Answers everything in the same way, and keeps what was asked by the endpoint that was named before."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: dict[str, list[Asked]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def what_follows_stands_for(self, endpoint: str) -> None:
        self.asked[endpoint] = []

    def keep(self, asked: Asked) -> None:
        if asked.path.startswith(_STANDS_FOR):
            self.what_follows_stands_for(asked.path.removeprefix(_STANDS_FOR))
        else:
            self.asked[next(reversed(self.asked))].append(asked)


@contextlib.contextmanager
def recorder() -> Iterator[Recorder]:
    server = Recorder()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Recorder

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(method=self.command, target=self.path, headers=headers, body=body)
        self.server.keep(asked)
        # GitLab's client wants lists of pages, the others objects.
        answer = b"[]" if "/api/v4/" in asked.path and asked.method == "GET" else b'{"ok": true}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 (as the base class has it)

    def log_message(self, *_: object) -> None:
        pass


def _run(arguments: Sequence[str], folder: Path) -> str:
    environment = os.environ | {"PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}
    ran = subprocess.run(
        [str(node()), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return (ran.stdout + (ran.stderr if ran.returncode else "")).strip()
