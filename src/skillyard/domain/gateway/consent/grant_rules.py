"""Which grant decides about a call, and whether its parameters are within. Pure decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson

from skillyard.domain.gateway.catalog.integration import Effect, Endpoint, Integration
from skillyard.domain.gateway.consent.grant import EVERYTHING, Grant
from skillyard.domain.gateway.consent.grant_errors import ActionNotAcceptable, GrantNotAcceptable
from skillyard.skill.faults import Fault
from skillyard.skill.reading import did_you_mean, shorten

_ACTION = re.compile(r"([a-z0-9][a-z0-9-]{0,63})(?:\.([a-z0-9_]{1,64}|\*))?")
_MOST_LIMITS = 20
_MOST_PATTERNS = 50
_MOST_CHARS = 500


class Decision(NamedTuple):
    """`grant`: the one that decides; for `stale` that for another content, for `missing` none."""

    state: Literal["granted", "stale", "ended", "missing"]
    grant: Grant | None


def read_action(text: str) -> tuple[str, str]:
    """Integration and endpoint; `github` means `github.*`. Raises ActionNotAcceptable."""
    match = _ACTION.fullmatch(text)
    if match is None:
        raise ActionNotAcceptable
    return match[1], match[2] or EVERYTHING


def is_declared(declared: Iterable[str], integration: str, endpoint: str) -> bool:
    """Whether a release with these `permissions.integrations` says that it calls this."""
    return integration in declared or f"{integration}.{endpoint}" in declared


def decide(grants: Sequence[Grant], *, endpoint: str, effect: Effect, digest: str, now_ms: int) -> Decision:
    """About one endpoint of an integration. `grants`: all that are not revoked of one person for one skill and that
    integration, the newest first.

    The grant that names the endpoint decides; without one that for everything, unless the endpoint destroys.
    """
    named = [grant for grant in grants if grant.endpoint == endpoint]
    wide = [grant for grant in grants if grant.endpoint == EVERYTHING and effect != "destructive"]
    for grant in (*named, *wide):
        if grant.digest == digest:
            return Decision("ended" if grant.is_over(now_ms) else "granted", grant)
    for grant in (*named, *wide):
        if not grant.is_over(now_ms):
            return Decision("stale", grant)
    return Decision("missing", None)


class Asked(NamedTuple):
    """An endpoint, or EVERYTHING, that a release declares and that there is."""

    integration: str
    endpoint: str
    effect: Effect


def list_renewable(
    grants: Sequence[Grant], asked: Sequence[Asked], *, digest: str, now_ms: int
) -> list[tuple[Asked, Grant]]:
    """What is asked for and was granted to another content only, each with that grant. `grants`: as of `decide`, of
    all integrations.

    Where everything is asked for, what was granted with everything is not listed by itself.
    """
    whole = {one.integration for one in asked if one.endpoint == EVERYTHING}
    found = []
    for one in asked:
        own = [grant for grant in grants if grant.integration == one.integration]
        state, grant = decide(own, endpoint=one.endpoint, effect=one.effect, digest=digest, now_ms=now_ms)
        if grant is not None and state == "stale":
            is_in_whole = grant.endpoint == EVERYTHING != one.endpoint and one.integration in whole
            found += [] if is_in_whole else [(one, grant)]
    return found


def first_outside(limits: Mapping[str, Sequence[str]], params: Mapping[str, Any]) -> str | None:
    """The first limited parameter that is not as its patterns say; None when all are.

    `repo` is a parameter, `fields.project.key` a path into one, through objects and each item of lists. All that is
    there must match one of the patterns, whole: texts as they are, numbers, true, false and null as JSON writes them,
    of objects and lists each value in them. What is missing or empty is outside: the other side would choose for it.
    """
    for path, patterns in limits.items():
        texts = _texts_at(params, path.split("."))
        if not all(text is not None and any(matches(pattern, text) for pattern in patterns) for text in texts):
            return path
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern, in which `*` stands for any characters, also none; case counts."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def check_limits(
    integration: Integration, endpoint: str, limits: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Limits as they are kept. Raises GrantNotAcceptable with all that is wrong."""
    faults = list(_faults(_params(integration, endpoint), limits))
    if faults:
        refuse(faults)
    return {path: tuple(patterns) for path, patterns in sorted(limits.items())}


def refuse(faults: Sequence[Fault]) -> None:
    """Raises GrantNotAcceptable."""
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    listed = [{"code": fault.code, "message": fault.message, "hint": fault.hint} for fault in faults]
    raise GrantNotAcceptable(first=faults[0].message, more=more, faults=listed)


def _faults(known: set[str], limits: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    if len(limits) > _MOST_LIMITS:
        yield Fault(code="too_many_limits", message=f"there are more than {_MOST_LIMITS} limits", hint="give fewer")
    for path, patterns in limits.items():
        name = path.partition(".")[0]
        if name not in known:
            meant = did_you_mean(name, known)
            hint = f"did you mean {meant}?" if meant else f"it has {', '.join(sorted(known)) or 'none'}"
            yield Fault(code="unknown_limit", message=f"there is no parameter {shorten(name)}", hint=hint)
        if not patterns or len(patterns) > _MOST_PATTERNS or any(len(one) > _MOST_CHARS for one in patterns):
            message = f"{shorten(path)} needs 1 to {_MOST_PATTERNS} patterns of at most {_MOST_CHARS} characters"
            yield Fault(code="bad_limit_patterns", message=message, hint="write them as acme/*")


def _params(integration: Integration, endpoint: str) -> set[str]:
    """The names of what can be given to the endpoint, or to any that `*` stands for."""
    meant: Iterable[Endpoint] = (
        (one for one in integration.endpoints.values() if one.effect != "destructive")
        if endpoint == EVERYTHING
        else (integration.endpoints[endpoint],)
    )
    return {param.name for one in meant for param in one.params if param.fixed is None}


def _texts_at(value: Any, path: Sequence[str]) -> Iterator[str | None]:
    """None where something is missing."""
    items: Iterable[Any] = value if isinstance(value, list) else ()
    if isinstance(value, Mapping):
        items = value.values() if not path else [value[path[0]]] if path[0] in value else ()
        path = path[1:]
    if isinstance(value, list | Mapping):
        if not items:
            yield None
        for item in items:
            yield from _texts_at(item, path)
    elif path:
        yield None
    else:
        yield value if isinstance(value, str) else orjson.dumps(value).decode()
