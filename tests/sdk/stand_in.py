"""A registry in a few lines that speaks the native API's protocol, and misbehaves on demand: for transport faults."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from skillyard.skill.digest import FileEntry, sha256_hex, sha512_sri, tree_digest
from skillyard.skill.log.checkpoint import Checkpoint
from skillyard.skill.log.leaf import Kind, Leaf
from skillyard.skill.log.note import SignerKey
from skillyard.skill.versions import Range, Version
from tests.skill.log import naive

SIGNED_IN = "sky_good"

OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "components": {
        "schemas": {
            "NewToken": {
                "type": "object",
                "required": ["name", "scopes"],
                "properties": {
                    "name": {"type": "string"},
                    "scopes": {"type": "array", "items": {"type": "string", "enum": ["read", "publish"]}},
                    "expires_in_days": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
            }
        }
    },
    "paths": {
        "/api/v1/skills": {
            "get": {
                "operationId": "searchSkills",
                "summary": "Find skills",
                "parameters": [
                    {"name": "q", "in": "query", "schema": {"type": "string"}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "sort", "in": "query", "schema": {"enum": ["name", "updated"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
                ],
            }
        },
        "/api/v1/skills/{namespace}/{slug}": {
            "parameters": [
                {"name": "namespace", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}},
            ],
            "get": {"operationId": "getSkill"},
        },
        "/api/v1/me/tokens": {
            "post": {
                "operationId": "createToken",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewToken"}}},
                },
            }
        },
        "/api/v1/echo": {
            "post": {
                "operationId": "echoForm",
                "parameters": [{"name": "X-Note", "in": "header", "schema": {"type": "string"}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["archive"],
                                "properties": {
                                    "archive": {"type": "string", "format": "binary"},
                                    "channel": {"type": "string"},
                                },
                            }
                        }
                    },
                },
            }
        },
    },
}


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    wait_s: float = 0.0
    """Seconds before the answer begins."""
    pause_s: float = 0.0
    """Seconds after each 256 KiB of the body."""


@dataclass
class Published:
    name: str
    version: str
    archive: bytes
    files: tuple[FileEntry, ...]
    dependencies: dict[str, str]
    yanked: bool = False
    permissions: dict[str, Any] = field(default_factory=dict)


Fault = Callable[[Seen], Answer | None]


def packed(files: dict[str, bytes], *, executable: tuple[str, ...] = ()) -> bytes:
    """A zip of `files`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = (0o100755 if path in executable else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def answer_json(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def refusal(status: int, code: str, message: str = "No.", facts: dict[str, Any] | None = None) -> Answer:
    error = {"code": code, "message": message, "hint": "Do it otherwise.", "facts": facts or {}, "faults": []}
    return answer_json({"error": {**error, "request_id": "req-1"}}, status)


class StandIn:
    """Skills in memory behind a real socket. `fault` may answer instead of it, once per entry that applies."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.published: dict[tuple[str, str], Published] = {}
        self.advisories: list[dict[str, Any]] = []
        self.log: list[Leaf] = []
        self.log_key = SignerKey(name="stand-in", seed=bytes(32))
        stand_in = self

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Clients that hang up are what some tests are about."""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16  # the head and the body of an answer go out together

            def handle_any(self) -> None:
                stand_in.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_any  # noqa: N815 (http.server)

            def log_message(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def add(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        files: dict[str, bytes] | None = None,
        needs: dict[str, str] | None = None,
        executable: tuple[str, ...] = (),
        permissions: dict[str, Any] | None = None,
    ) -> Published:
        slug = name.partition("/")[2]
        skill = f"---\nname: {slug}\ndescription: Does {slug} {version}.\n---\nBody.\n".encode()
        contents = {"SKILL.md": skill, **(files or {})}
        entries = tuple(
            FileEntry(path=path, size_bytes=len(data), sha256=sha256_hex(data), executable=path in executable)
            for path, data in sorted(contents.items())
        )
        archive = packed(contents, executable=executable)
        release = Published(name, version, archive, entries, needs or {}, permissions=permissions or {})
        if (name, version) not in self.published:
            self.log.append(
                Leaf(
                    kind=Kind.PUBLISHED, name=name, version=version, digest=tree_digest(entries), at_ms=1, by="ada",
                    archive_sha256=sha256_hex(archive),
                )
            )  # fmt: skip
        self.published[name, version] = release
        return release

    def asked(self, method: str, prefix: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and seen.path.startswith(prefix)]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        seen = Seen(handler.command, parts.path, parse_qs(parts.query), headers, body)
        self.seen.append(seen)
        answer = next((found for fault in list(self.faults) if (found := self._faulty(fault, seen))), None)
        self._send(handler, answer or self.answer(seen))

    def _faulty(self, fault: Fault, seen: Seen) -> Answer | None:
        answer = fault(seen)
        if answer is not None and fault in self.faults and not getattr(fault, "stays", False):
            self.faults.remove(fault)
        return answer

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.wait_s)
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD" and answer.status != 304:
            self._send_body(handler, answer)
        if answer.cut_after is not None:
            handler.close_connection = True

    def _send_body(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        body = answer.body[: answer.cut_after]
        if not answer.pause_s:
            handler.wfile.write(body)
            return
        for start in range(0, len(body), 256 << 10):
            handler.wfile.write(body[start : start + (256 << 10)])
            handler.wfile.flush()
            time.sleep(answer.pause_s)

    def answer(self, seen: Seen) -> Answer:
        path = seen.path.removeprefix("/api/v1")
        if path == "/openapi.json":
            return self._with_etag(seen, OPENAPI)
        if path == "/advisories":
            return answer_json({"items": self.advisories, "next_cursor": None})
        if path == "/resolve":
            return self._resolve(json.loads(seen.body))
        if path == "/log/proofs":
            return self._prove(json.loads(seen.body))
        if path.startswith("/blobs/"):
            return self._blob(seen, path.removeprefix("/blobs/"))
        if path.startswith("/skills/"):
            return self._skill(seen, path.split("/")[2:])
        if path == "/echo":
            return answer_json({"content_type": seen.headers.get("content-type"), "body": seen.body.hex()})
        return refusal(404, "not_found")

    def _with_etag(self, seen: Seen, value: Any) -> Answer:
        etag = f'"{hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]}"'
        if seen.headers.get("if-none-match") == etag:
            return Answer(304, b"", {"ETag": etag})
        return answer_json(value, ETag=etag, **{"Cache-Control": "no-cache"})

    def _skill(self, seen: Seen, parts: list[str]) -> Answer:
        name = "/".join(parts[:2])
        versions = self._versions(name)
        if not versions:
            return refusal(404, "skill_not_found")
        if len(parts) == 4:
            return self._with_etag(seen, self._document(self.published[name, parts[3]]))
        return self._with_etag(seen, {"name": name, "latest_version": versions[-1], "deprecated": None})

    def _versions(self, name: str) -> list[str]:
        return sorted((v for n, v in self.published if n == name), key=Version.parse)

    def _document(self, release: Published) -> dict[str, Any]:
        sha256 = sha256_hex(release.archive)
        files = [
            {"path": f.path, "size_bytes": f.size_bytes, "sha256": f.sha256, "executable": f.executable}
            for f in release.files
        ]
        return {
            "name": release.name,
            "version": release.version,
            "dependencies": release.dependencies,
            "permissions": release.permissions,
            "status": "listed",
            "reasons": [],
            "digest": tree_digest(release.files),
            "archive": {
                "url": f"{self.url}/api/v1/blobs/{sha256}",
                "sha256": sha256,
                "sha512": sha512_sri(release.archive),
                "size_bytes": len(release.archive),
                "format": "zip",
            },
            "files": files,
            "yanked": {"reason": "broken", "at": "2026-01-01T00:00:00.000Z"} if release.yanked else None,
            "deprecated": None,
        }

    def _resolve(self, wanted: dict[str, Any]) -> Answer:
        """Breadth first, the locked version if it fits, else the highest; no way back."""
        waiting, chosen = list(wanted["requirements"].items()), dict[str, str]()
        while waiting:
            name, text = waiting.pop(0)
            if not (versions := self._versions(name)):
                return refusal(404, "skill_not_found", f"There is no skill {name}.", {"suggestions": ["acme/pdf"]})
            fitting = self._fitting(versions, text)
            locked = wanted.get("locked", {}).get(name)
            version = locked if locked in fitting else next(reversed(fitting), None)
            if version is None or chosen.get(name, version) not in fitting:
                return refusal(409, "resolution_conflict", f"Nothing fits {name} {text}.")
            if name not in chosen:
                chosen[name] = version
                waiting += self.published[name, version].dependencies.items()
        packages = [self._document(self.published[name, version]) for name, version in chosen.items()]
        return answer_json({"packages": packages, "roots": {name: chosen[name] for name in wanted["requirements"]}})

    def _prove(self, asked: dict[str, Any]) -> Answer:
        leaves = [leaf.show().encode() for leaf in self.log]
        places = {(leaf.name, leaf.version): position for position, leaf in reversed([*enumerate(self.log)])}
        wanted = [(one["name"], one["version"]) for one in asked.get("releases", [])]
        positions = {*asked.get("positions", []), *(places[release] for release in wanted if release in places)}
        known = asked.get("known_size", 0)
        note = Checkpoint(origin="stand-in", size=len(leaves), root=naive.root(leaves)).sign(self.log_key)
        return answer_json(
            {
                "checkpoint": note,
                "key": str(self.log_key.verifier),
                "entries": [
                    {
                        "position": position,
                        "leaf": leaves[position].decode(),
                        "facts": None,
                        "salt": None,
                        "proof": _base64(naive.path(position, leaves)),
                    }
                    for position in sorted(positions)
                ],
                "missing": [
                    {"name": name, "version": version} for name, version in wanted if (name, version) not in places
                ],
                "consistency": _base64(naive.proof(known, leaves)) if known <= len(leaves) else [],
            }
        )

    def _fitting(self, versions: list[str], text: str) -> list[str]:
        if text == "latest":
            return versions[-1:]
        return [version for version in versions if Range.parse(text).contains(Version.parse(version))]

    def _blob(self, seen: Seen, sha256: str) -> Answer:
        found = [r.archive for r in self.published.values() if sha256_hex(r.archive) == sha256]
        if not found:
            return refusal(404, "not_found")
        data, wanted = found[0], seen.headers.get("range", "")
        if wanted.startswith("bytes="):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            return Answer(206, data[start:], headers)
        return Answer(200, data, {"ETag": f'"{sha256}"', "Cache-Control": "public, immutable"})


def _base64(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


def on(method: str, prefix: str, answer: Answer, *, always: bool = False) -> Fault:
    """Answer the next request (or every one) to paths that begin with `prefix`."""

    def fault(seen: Seen) -> Answer | None:
        return answer if seen.method == method and seen.path.startswith(prefix) else None

    fault.stays = always  # type: ignore[attr-defined]
    return fault
