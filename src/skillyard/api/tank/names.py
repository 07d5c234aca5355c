"""Tank's clients send `%40scope%2Fname` as one segment of the path: keep it one, and read names in every spelling."""

from __future__ import annotations

from urllib.parse import quote, unquote, unquote_to_bytes

from fastapi import Request

from skillyard.api.entrance import Receive, Scope, Send, Surface
from skillyard.api.surface import app_of
from skillyard.app import App
from skillyard.domain.registry.history import find_only
from skillyard.skill.names import SkillName


class WholeSegments:
    """Routes by what the client meant as one segment: a slash inside of it stays encoded, and so does a percent sign.

    `@scope/name` that somebody on the way has decoded is one segment too.
    """

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["path"] = _kept_whole(scope["raw_path"])
        await self._surface(scope, receive, send)


def name_of(request: Request, name: str) -> SkillName:
    """The skill that a segment names: `@scope/name`, `scope/name`, or a bare name that only one public skill has."""
    return read_name(app_of(request), name)


def read_name(app: App, segment: str) -> SkillName:
    """As `name_of`. Raises SkillNotFound for a bare name that none or several have."""
    namespace, slash, slug = unquote(segment).removeprefix("@").partition("/")
    return SkillName(namespace, slug) if slash else find_only(app, namespace)


def _kept_whole(raw_path: bytes) -> str:
    segments = [unquote_to_bytes(part).decode("utf-8", "replace") for part in raw_path.split(b"/")]
    whole: list[str] = []
    for segment in segments:
        if whole and whole[-1].startswith("@") and "/" not in whole[-1] and len(whole[-1]) > 1:
            whole[-1] += f"/{segment}"
        else:
            whole.append(segment)
    return "/".join(quote(segment, safe="@+~!$&'()*,;=: ") for segment in whole)
