"""Reads that anybody may have, from memory and in front of the framework. They follow the event log with the others."""

from __future__ import annotations

import asyncio
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
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.infra.errors import SkillyardError
from skillyard.skill.faults import SkillError
from skillyard.skill.names import NAME_PATTERN, SkillName

_SHOWN_FOR_MS = 60_000  # an address in a page is good for 59 minutes at least
_SEARCH = f"{PREFIX}/search".encode()
_PAGE = re.compile(
    rf"{MOUNT}{PREFIX}/skills/(?:%40|@)({NAME_PATTERN})(?:%2[Ff]|/)({NAME_PATTERN})(?:/([0-9A-Za-z.-]{{1,100}}))?"
)
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
    """Answers a GET or HEAD of a page or a search that everybody may have; else says False."""

    def __init__(self, app: App, documents: Documents, searches: Searches) -> None:
        self._app = app
        self._documents = documents
        self._searches = searches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:  # noqa: ARG002 (GET has no body)
        if scope["method"] not in ("GET", "HEAD"):
            return False
        headers = dict(scope["headers"])
        if scope["raw_path"] == _SEARCH:
            return b"authorization" not in headers and await self._search(scope, send)
        document = await self._find(MOUNT + scope["raw_path"].decode("latin-1"))
        if document is None or not await self._may_ask(headers):
            return False
        await send_page(document, headers, scope, send)
        return True

    async def _find(self, path: str) -> Document | None:
        document = self._documents.find(path)
        if document is None and _PAGE.fullmatch(path):
            try:
                return await asyncio.to_thread(self._documents.render, path)
            except (SkillyardError, SkillError):
                return None  # the surface says why
        return document

    async def _may_ask(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whoever shows a token is told when it is no good, also where none is needed."""
        if b"authorization" not in headers:
            return True
        token = bearer_token(Headers({"authorization": headers[b"authorization"].decode("latin-1")}))
        try:
            await asyncio.to_thread(authenticate, self._app, token)
        except SkillyardError:
            return False
        return True

    async def _search(self, scope: Scope, send: Send) -> bool:
        query = _read_query(scope["query_string"])
        if query is None:
            return False
        body = self._searches.find(query)
        if body is None:
            body = await asyncio.to_thread(self._searches.run, ANONYMOUS, query)
        headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        return True


def _read_query(query_string: bytes) -> SearchQuery | None:
    """None for what the framework should read, and refuse."""
    fields = dict(parse_qsl(query_string.decode("latin-1")))
    page, limit = fields.get("page", "1"), fields.get("limit", "20")
    if not (page.isdecimal() and limit.isdecimal() and page.isascii() and limit.isascii()):
        return None
    query = SearchQuery(text=fields.get("q", ""), page=int(page[:9]), limit=int(limit[:9]))
    return query if query.is_allowed else None
