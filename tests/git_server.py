"""Real git repositories behind the real `git http-backend`, on loopback; and answers that no git server gives."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """An answer as it is sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Override = Callable[[str, str, bytes], Canned | None]


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """What a git command answers."""
    ran = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | _QUIET, input=stdin, capture_output=True, check=True
    )
    return ran.stdout.decode().strip()


class Repository:
    """A repository with files to change and to commit. `in_parts`: it lets others fetch some of its files, as forges
    do.
    """

    def __init__(self, folder: Path, *, object_format: str = "sha1", in_parts: bool = True) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        git(folder, "init", "-q", "-b", "main", f"--object-format={object_format}")
        if in_parts:
            git(folder, "config", "uploadpack.allowFilter", "true")

    def commit(self, files: Mapping[str, str | bytes | None], *, executable: tuple[str, ...] = ()) -> str:
        """Write these files (None: remove it), commit everything; the id of the commit."""
        for path, content in files.items():
            target = self.folder / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            target.chmod(0o755 if path in executable else 0o644)
        return self.commit_all()

    def commit_all(self) -> str:
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "change")
        return git(self.folder, "rev-parse", "HEAD")

    def commit_tree(self, entries: list[tuple[str, str, bytes]], *, ref: str = "refs/heads/main") -> str:
        """Commit a tree that no working copy could have: `(mode, oid, name)` in this order."""
        tree = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, oid, name in entries)
        commit = git(self.folder, "commit-tree", self.write("tree", tree), "-m", "strange")
        git(self.folder, "update-ref", ref, commit)
        return commit

    def write(self, kind: str, content: bytes) -> str:
        """An object, unchecked; its id."""
        return git(self.folder, "hash-object", "-t", kind, "-w", "--stdin", "--literally", stdin=content)


class GitServer:
    """Serves the repositories below `root` at `/git/<name>`; `override` may answer before it is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.override: Override | None = None
        self.seen: list[str] = []
        handler = type("Handler", (_Handler,), {"server_of": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients leave in the middle
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/git"

    def repository(self, name: str = "tools", **how: Any) -> Repository:
        """A new one, served at `{url}/{name}.git`; `how` as `Repository` has it."""
        return Repository(self.root / f"{name}.git", **how)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def git_server(root: Path) -> Iterator[GitServer]:
    server = GitServer(root)
    try:
        yield server
    finally:
        server.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: GitServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server_of.seen.append(f"{self.command} {self.path}")
        override = self.server_of.override
        answer = override(self.command, self.path, body) if override else None
        self._send(answer or self._ask_git(body))

    def do_POST(self) -> None:
        self.do_GET()

    def _ask_git(self, body: bytes) -> Canned:
        path, _, query = self.path.removeprefix("/git").partition("?")
        environment = os.environ | _QUIET | {
            "GIT_PROJECT_ROOT": str(self.server_of.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }  # fmt: skip
        ran = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return Canned(status=int(headers.pop("Status", "200")[:3]), headers=headers, body=content)

    def _send(self, answer: Canned) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass
