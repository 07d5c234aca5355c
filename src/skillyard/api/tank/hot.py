"""Reads that anybody may have, from memory and in front of the framework. They follow the event log with the others."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from skillyard.api.entrance import Receive, Scope, Send
from skillyard.api.native.documents import Document, Documents, page_of, send_page
from skillyard.api.surface import bearer_token
from skillyard.api.tank import pages
from skillyard.api.tank.addresses import MOUNT, PREFIX
from skillyard.api.tank.searching import Searches, SearchQuery
from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.registry.history import find_only
from skillyard.infra.errors import SkillyardError
from skillyard.skill.faults import SkillError
from skillyard.skill.names import NAME_PATTERN, SkillName

_SHOWN_FOR_MS = 60_000  # an address in a page is good for 59 minutes at least
_SEARCH = f"{PREFIX}/search".encode()
_PAGE = re.compile(
    rf"{MOUNT}{PREFIX}/skills/(?:%40|@)({NAME_PATTERN})(?:%2[Ff]|/)({NAME_PATTERN})(?:/([0-9A-Za-z.-]{{1,100}}))?"
)
_BARE_NAME = re.compile(rf"{MOUNT}{PREFIX}/skills/(?!top$)({NAME_PATTERN})((?:/[0-9A-Za-z.-]{{1,100}})?)")
_GOOD_FOR_MS = 5000
_MOST_KNOWN = 10_000
_JSON = (b"content-type", b"application/json")


def make_page(app: App, path: str) -> Document | None:
    """The page at this path of ours, as everybody may have it. Raises NotFound when nobody may."""
    match = _PAGE.fullmatch(path)
    if match is None:
        return None
    name, what = SkillName(match[1], match[2]), match[3]
    if what is None:
        return page_of(name, pages.render_metadata(app, ANONYMOUS, name))
    if what == "versions":
        return page_of(name, pages.render_versions(app, ANONYMOUS, name))
    until_ms = app.clock.now_ms() + _SHOWN_FOR_MS
    body = pages.render_detail(app, ANONYMOUS, name, what)
    return page_of(name, body, cache_control="no-store", until_ms=until_ms)


class TankReads:
    """Answers a search, and a GET or HEAD of a page that everybody may have; else says False."""

    def __init__(self, app: App, documents: Documents, searches: Searches) -> None:
        self._app = app
        self._documents = documents
        self._searches = searches
        self._tokens = _GoodTokens(app)
        self._bare_names: dict[str, SkillName] = {}
        self._bare_names_at = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:  # noqa: ARG002 (GET has no body)
        if scope["method"] not in ("GET", "HEAD"):
            return False
        headers = dict(scope["headers"])
        try:
            if scope["raw_path"] == _SEARCH:
                return await self._search(headers, scope, send)
            document = await self._find(MOUNT + scope["raw_path"].decode("latin-1"))
            if document is None or not await self._tokens.allow(headers):
                return False
        except (SkillyardError, SkillError):
            return False  # the surface says why
        await send_page(document, headers, scope, send)
        return True

    async def _find(self, path: str) -> Document | None:
        document = self._documents.find(path)
        if document is None and (bare := _BARE_NAME.fullmatch(path)):
            name = await self._whole_name(bare[1])
            path = f"{MOUNT}{PREFIX}/skills/%40{name.namespace}%2F{name.slug}{bare[2]}"
            document = self._documents.find(path)
        if document is None and _PAGE.fullmatch(path):
            return await asyncio.to_thread(self._documents.render, path)
        return document

    async def _whole_name(self, slug: str) -> SkillName:
        """The one skill with this slug: whose it is can change with every publish."""
        generation = self._documents.generation
        if generation != self._bare_names_at or len(self._bare_names) > _MOST_KNOWN:
            self._bare_names, self._bare_names_at = {}, generation
        name = self._bare_names.get(slug)
        if name is None:
            name = await asyncio.to_thread(find_only, self._app, slug)
            if generation == self._documents.generation:
                self._bare_names[slug] = name
        return name

    async def _search(self, headers: Mapping[bytes, bytes], scope: Scope, send: Send) -> bool:
        query = _read_query(scope["query_string"])
        if query is None:
            return False
        token = _token_in(headers)
        body = None if token is not None else self._searches.find(query)
        if body is None:
            body = await asyncio.to_thread(self._run, token, query)
        kept = b"no-cache" if token is None else b"private, no-store"
        answer = [_JSON, (b"content-length", b"%d" % len(body)), (b"cache-control", kept), (b"vary", b"authorization")]
        await send({"type": "http.response.start", "status": 200, "headers": answer})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        return True

    def _run(self, token: str | None, query: SearchQuery) -> bytes:
        return self._searches.run(authenticate(self._app, token), query)


class _GoodTokens:
    """Tokens that were good a moment ago. Only for what everybody may have anyway: they are looked at so that whoever
    shows one that is no good is told. Forgotten with every event of this process, so that one revoked here is at once.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._until_ms: dict[bytes, int] = {}
        app.bell.listen(self._until_ms.clear)

    async def allow(self, headers: Mapping[bytes, bytes]) -> bool:
        """Raises what `authenticate` raises."""
        value = headers.get(b"authorization")
        now_ms = self._app.clock.now_ms()
        if value is None:
            return True
        known = hashlib.sha256(value).digest()
        if self._until_ms.get(known, 0) > now_ms:
            return True
        await asyncio.to_thread(authenticate, self._app, _token_in(headers))
        if len(self._until_ms) >= _MOST_KNOWN:
            self._until_ms.clear()
        self._until_ms[known] = now_ms + _GOOD_FOR_MS
        return True


def _token_in(headers: Mapping[bytes, bytes]) -> str | None:
    value = headers.get(b"authorization")
    return None if value is None else bearer_token(Headers({"authorization": value.decode("latin-1")}))


def _read_query(query_string: bytes) -> SearchQuery | None:
    """None for what the framework should read, and refuse."""
    fields = dict(parse_qsl(query_string.decode("latin-1")))
    page, limit = fields.get("page", "1"), fields.get("limit", "20")
    if not (page.isdecimal() and limit.isdecimal() and page.isascii() and limit.isascii()):
        return None
    query = SearchQuery(text=fields.get("q", ""), page=int(page[:9]), limit=int(limit[:9]))
    return query if query.is_allowed else None
