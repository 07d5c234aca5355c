"""Public documents rendered once, kept as bytes and served in front of the framework; they follow the event log.

Private skills never enter: what is kept is what an anonymous caller gets.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skillyard import __version__
from skillyard.api.entrance import Receive, Scope, Send
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.answers import PUBLIC_CACHE, etag_of, is_known, json_body
from skillyard.api.native.archives import IMMUTABLE_CACHE, Content, load_content, send_archive
from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.registry.changes import current_position, names_after
from skillyard.domain.registry.download import find_open_archive
from skillyard.domain.registry.releases import get_release, list_releases
from skillyard.domain.registry.skill import get_skill
from skillyard.infra.errors import NotFound, SkillyardError
from skillyard.infra.events import StoredEvent
from skillyard.infra.log import Logger
from skillyard.skill.names import NAME_PATTERN, SkillName

_log = Logger("skillyard.documents")

_MOST_BYTES = 64 * 1024 * 1024
_MOST_DROPPED = 1000
_OVERHEAD_BYTES = 1000
_HEALTH = f"{PREFIX}/health"
_BLOB = re.compile(rf"{PREFIX}/blobs/([0-9a-f]{{64}})")
_PAGE = re.compile(rf"{PREFIX}/skills/({NAME_PATTERN})/({NAME_PATTERN})(?:/(releases)(?:/([^/]{{1,300}}))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A finished answer about the skill `name`: a page of JSON with its headers, or an archive.

    `until_ms`: it is not to be shown later than that.
    """

    name: str
    until_ms: int | None = None
    etag: str = ""
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    archive: Content | None = None

    @property
    def size_bytes(self) -> int:
        kept = len(self.archive.data or b"") if self.archive else len(self.body)
        return kept + _OVERHEAD_BYTES


Maker = Callable[[str], Document | None]


class Documents:
    """The documents of this process by path, as many as fit.

    A commit in this process drops what it changes before it is answered; the follower renders that anew, and does the
    same for commits of other processes.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: dict[str, Document] = {}
        self._paths: dict[str, set[str]] = {}  # skill → paths of its documents
        self._dropped: dict[str, None] = {}  # paths to render anew, in order
        self._size_bytes = 0
        self._generation = 0
        self._lock = threading.Lock()
        self._catching_up = threading.Lock()
        self._makers: dict[str, Maker] = {}
        self._position = current_position(app)
        app.bell.listen(self.catch_up)

    def let_make(self, prefix: str, make: Maker) -> None:
        """Paths with this prefix are those of another surface, which makes their documents."""
        self._makers[prefix] = make

    @property
    def generation(self) -> int:
        """Grows whenever something was dropped."""
        return self._generation

    def find(self, path: str) -> Document | None:
        """From memory only."""
        document = self._kept.get(path)
        if document is None or document.until_ms is None or self._app.clock.now_ms() < document.until_ms:
            return document
        return None

    def render(self, path: str) -> Document | None:
        """Make the document and keep it; None when there is none that everybody may have."""
        generation = self._generation
        document = self._make(path)
        if document is not None:
            with self._lock:
                if generation == self._generation:  # else it may be older than what was just committed
                    self._keep(path, document)
        return document

    def catch_up(self) -> None:
        """Drop what events since the last time have changed; everything, when they cannot be read.

        Never raises: it is called after a commit, which has succeeded whatever happens here.
        """
        with self._catching_up:
            try:
                names, self._position = names_after(self._app, self._position)
            except Exception:
                _log.exception("events not read")
                names = set(self._paths)
            if names:
                self._drop(names)

    def follow(self, batch: Sequence[StoredEvent]) -> None:  # noqa: ARG002 (our own position says what is new)
        """Called by the follower: drop what has changed, and render it anew."""
        self.catch_up()
        with self._lock:
            dropped, self._dropped = self._dropped, {}
        for path in dropped:
            try:
                self.render(path)
            except SkillyardError:
                continue  # whoever asks for it will see why

    def _drop(self, names: set[str]) -> None:
        with self._lock:
            self._generation += 1
            for name in names:
                for path in self._paths.pop(name, ()):
                    self._size_bytes -= self._kept.pop(path).size_bytes
                    self._dropped[path] = None
                self._dropped[f"{PREFIX}/skills/{name}"] = None
            while len(self._dropped) > _MOST_DROPPED:
                del self._dropped[next(iter(self._dropped))]

    def _keep(self, path: str, document: Document) -> None:
        self._forget(path)
        self._kept[path] = document
        self._paths.setdefault(document.name, set()).add(path)
        self._size_bytes += document.size_bytes
        while self._size_bytes > _MOST_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, path: str) -> None:
        document = self._kept.pop(path, None)
        if document is not None:
            self._size_bytes -= document.size_bytes
            paths = self._paths[document.name]
            paths.discard(path)
            if not paths:
                del self._paths[document.name]

    def _make(self, path: str) -> Document | None:
        try:
            for prefix, make in self._makers.items():
                if path.startswith(prefix):
                    return make(path)
            if match := _BLOB.fullmatch(path):
                return self._make_archive(match[1])
            if match := _PAGE.fullmatch(path):
                name = SkillName(match[1], match[2])
                return page_of(name, self._render_page(name, match[3], match[4]))
        except NotFound:
            pass
        return None

    def _make_archive(self, sha256: str) -> Document:
        blob = find_open_archive(self._app, sha256=sha256)
        return Document(name=blob.name, archive=load_content(self._app, blob))

    def _render_page(self, name: SkillName, releases: str | None, version: str | None) -> bytes:
        from skillyard.api.native.wire.releases import show_release, show_releases  # these load the framework
        from skillyard.api.native.wire.skills import show_skill

        app, address = self._app, self._app.settings.address
        if version:
            return json_body(show_release(get_release(app, ANONYMOUS, name=name, version=version), address))
        if releases:
            return json_body(show_releases(list_releases(app, ANONYMOUS, name=name), address))
        return json_body(show_skill(get_skill(app, ANONYMOUS, name=name), address))


class HotReads:
    """Answers a GET or HEAD from the documents, if it is one of theirs and shows no token; else says False."""

    def __init__(self, app: App, documents: Documents) -> None:
        self._app = app
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:  # noqa: ARG002 (GET has no body)
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or scope["query_string"] or not path.startswith(PREFIX):
            return False
        headers = dict(scope["headers"])
        if b"authorization" in headers:
            return False
        if path == _HEALTH:
            return scope["method"] == "GET" and await self._answer_health(send)
        document = self._documents.find(path)
        if document is None and (_PAGE.fullmatch(path) or _BLOB.fullmatch(path)):
            document = await asyncio.to_thread(self._documents.render, path)
        if document is None:
            return False
        if document.archive is not None:
            await send_archive(self._app, document.archive, IMMUTABLE_CACHE, scope, send)
        else:
            await send_page(document, headers, scope, send)
        return True

    async def _answer_health(self, send: Send) -> bool:
        """As its route does, which also says what is wrong when something is."""
        try:
            await asyncio.to_thread(self._app.database.ping)
        except SkillyardError:
            return False
        body = json_body({"status": "ok", "version": __version__, "database": self._app.database.dialect})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True


def page_of(
    name: SkillName, body: bytes, *, cache_control: str = PUBLIC_CACHE, until_ms: int | None = None
) -> Document:
    """A page of JSON about a skill."""
    etag = etag_of(body)
    headers = (
        (b"etag", etag.encode()),
        (b"cache-control", cache_control.encode()),
        (b"vary", b"authorization"),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    )
    return Document(name=str(name), until_ms=until_ms, etag=etag, body=body, headers=headers)


async def send_page(document: Document, headers: Mapping[bytes, bytes], scope: Scope, send: Send) -> None:
    """As a GET or HEAD asks for it; nothing when the client has it already."""
    known = headers.get(b"if-none-match")
    if known is not None and is_known(known.decode("latin-1"), document.etag):
        await send({"type": "http.response.start", "status": 304, "headers": document.headers[:3]})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": document.headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else document.body})
