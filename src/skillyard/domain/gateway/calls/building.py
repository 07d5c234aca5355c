"""From parameters to a request: what goes into path, query, headers and body, so that it can mean nothing else there.

A value never leaves its place: it names no other host, path, parameter or header than the one that it is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import orjson

from skillyard.domain.gateway.calls.call_errors import ConnectionNotUsable
from skillyard.domain.gateway.calls.params import Field, fault, refuse
from skillyard.domain.gateway.calls.preparing import prepare
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Param, Style
from skillyard.domain.gateway.connect.authorization import Authorization

MAX_URL_CHARS = 16_000
_PLACE = re.compile(r"\{([^{}]+)\}")
_VARIABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:-]{0,252}")
_OFFERED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/-]{0,252}")  # one of those that the file lists: may be a path
_HEADER_VALUE = re.compile(r"[!-~]([ -~]{0,8000}[!-~])?")
_SEPARATORS: Mapping[Style, str] = {"comma": ",", "space": " ", "pipe": "|"}
_OF_THE_CONNECTION = frozenset(
    {"host", "connection", "keep-alive", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect",
     "proxy-authorization", "proxy-connection", "accept-encoding", "content-encoding"}
)  # fmt: skip
"""Headers that say how a request is carried, which no description may."""
_MOST_DECODINGS = 4
_TYPES = {"json": "application/json", "graphql": "application/json", "form": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A request that is complete but for the secret. Names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def host(self) -> str:
        return str(urlsplit(self.url).hostname)

    @property
    def origin(self) -> str:
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.url))


def build(
    integration: Integration, endpoint: Endpoint, params: Mapping[str, Any], variables: Mapping[str, str]
) -> Built:
    """The request for parameters that suit the endpoint's schema. `variables`: those of the connection.

    Raises ParamsInvalid with all that cannot be sent, ConnectionNotUsable.
    """
    faults: list[Field] = []
    values = _values(endpoint, params)
    path, _, fixed_query = _absolute(integration, endpoint, variables).partition("?")
    url = _fill(path, [pair for pair in values if pair[0].where == "path"], faults)
    query = "&".join(part for part in (fixed_query, _query(values)) if part)
    headers = {**_lower(integration.headers), **_lower(endpoint.headers), **_header_params(values, faults)}
    headers = {name: value for name, value in headers.items() if name not in _OF_THE_CONNECTION}
    body = _body(endpoint, values, faults)
    if endpoint.body != "none":
        headers["content-type"] = _lower(endpoint.headers).get("content-type", _TYPES[endpoint.body])
    if len(url) + len(query) > MAX_URL_CHARS:
        faults.append(fault("", "too_long", "path and query are too long together", "ask for less at once"))
    if faults:
        refuse(integration, endpoint, faults)
    return Built(method=endpoint.method, url=f"{url}?{query}" if query else url, headers=headers, body=body)


def authorized(built: Built, shown: Authorization) -> Built:
    """The same request with the secret where it belongs. Raises ConnectionNotUsable."""
    headers = _lower(shown.headers)
    if not all(_HEADER_VALUE.fullmatch(value) for value in headers.values()):
        raise ConnectionNotUsable(why="its secret has characters that no header may have")
    joint = "&" if "?" in built.url else "?"
    url = f"{built.url}{joint}{urlencode(shown.query)}" if shown.query else built.url
    return replace(built, url=url, headers={**built.headers, **headers})


def base_of(integration: Integration, variables: Mapping[str, str]) -> str:
    """Where the integration is for a connection, without a slash at the end. Raises ConnectionNotUsable."""
    for name in _PLACE.findall(integration.base_url):
        value = variables.get(name, "")
        is_offered = value in integration.variables.get(name, {}).get("enum", ())
        if not (_OFFERED if is_offered else _VARIABLE).fullmatch(value) or ".." in value:
            raise ConnectionNotUsable(why=f"its {name} is missing, or has characters that are not allowed in it")
    base = _PLACE.sub(lambda match: variables[match[1]], integration.base_url).rstrip("/")
    try:
        parts = urlsplit(base)
        is_plain = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
    except ValueError:
        is_plain = False
    if not is_plain:
        raise ConnectionNotUsable(why="what it says of where its account is makes no address")
    return base


def _absolute(integration: Integration, endpoint: Endpoint, variables: Mapping[str, str]) -> str:
    """The address of the endpoint, still with places for parameters; a few name another host of the integration."""
    if endpoint.path.startswith("/"):
        return base_of(integration, variables) + endpoint.path
    if urlsplit(endpoint.path).hostname not in integration.hosts:
        raise ConnectionNotUsable(why=f"{endpoint.name} leads to a host that {integration.slug} does not name")
    return endpoint.path


def _values(endpoint: Endpoint, params: Mapping[str, Any]) -> list[tuple[Param, Any]]:
    """Each parameter with what is sent for it; nothing where nothing was given."""
    pairs = [(param, param.fixed if param.fixed is not None else params.get(param.name)) for param in endpoint.params]
    given = [(param, value) for param, value in pairs if value is not None]
    nulls = [
        (param, None) for param, value in pairs if value is None and param.name in params and param.where == "body"
    ]
    return given + nulls


def _fill(path: str, values: list[tuple[Param, Any]], faults: list[Field]) -> str:
    parts = {param.name_there: _path_part(param, value, faults) for param, value in values}
    for missing in set(_PLACE.findall(path)) - set(parts):
        faults.append(fault(missing, "missing", f"{missing} is missing", "give it"))
    return _PLACE.sub(lambda match: parts.get(match[1], ""), path)


def _path_part(param: Param, value: Any, faults: list[Field]) -> str:
    text = _text(value)
    if _leads_elsewhere(text, slashes_are_fine=param.keeps_slashes or param.encodes_slashes):
        hint = "give a plain name, without empty parts, . and .."
        faults.append(fault(param.name, "not_a_path_part", f"{param.name} cannot stand in a path", hint))
    return quote(text, safe="/" if param.keeps_slashes else "")


def _leads_elsewhere(text: str, *, slashes_are_fine: bool) -> bool:
    """Also once decoded, as often as some server might: parts that are empty, `.` or `..` change what a path means."""
    for _ in range(_MOST_DECODINGS):
        parts = re.split(r"[/\\]", text)
        if any(part.strip() in ("", ".", "..") for part in parts) or (len(parts) > 1 and not slashes_are_fine):
            return True
        if re.search(r"[\x00-\x1f\x7f]", text):
            return True
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return False
        text = decoded
    return True


def _query(values: list[tuple[Param, Any]]) -> str:
    return urlencode(
        [
            pair
            for param, value in values
            if param.where == "query"
            for pair in _pairs(param.name_there, value, param.style)
        ]
    )


def _pairs(name: str, value: Any, style: Style) -> Iterator[tuple[str, str]]:
    """How a value stands in a query or a form. An object is spelt with brackets, so that its keys stay its own."""
    if style == "json" and isinstance(value, list | Mapping):
        yield name, orjson.dumps(value).decode()
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item, "brackets")
    elif isinstance(value, list) and style in _SEPARATORS:
        yield name, _SEPARATORS[style].join(_text(item) for item in value)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _pairs(_item_name(name, number, item, style), item, style)
    else:
        yield name, _text(value)


def _item_name(name: str, number: int, item: Any, style: Style) -> str:
    """Lists of lists or objects are counted, so that what belongs together stays so."""
    if isinstance(item, list | Mapping):
        return f"{name}[{number}]"
    return f"{name}[]" if style == "brackets" else name


def _header_params(values: list[tuple[Param, Any]], faults: list[Field]) -> dict[str, str]:
    headers = {}
    for param, value in values:
        if param.where == "header":
            headers[param.name_there.lower()] = text = _text(value)
            if not _HEADER_VALUE.fullmatch(text):
                message = f"{param.name} has characters that no header may have, or too many"
                faults.append(fault(param.name, "not_a_header_value", message, "give one line of plain ASCII text"))
    return headers


def _body(endpoint: Endpoint, values: list[tuple[Param, Any]], faults: list[Field]) -> bytes:
    given = [(param, value) for param, value in values if param.where == "body"]
    if endpoint.prepare:
        prepared = prepare(endpoint.prepare, _object(given), faults)
        return orjson.dumps(prepared)
    if endpoint.body == "form":
        pairs = [pair for param, value in given for pair in _pairs(param.name_there, value, param.style)]
        return urlencode(pairs).encode()
    if endpoint.body == "graphql":
        return orjson.dumps({"query": endpoint.graphql, "variables": _object(given)})
    if endpoint.body == "json":
        whole = next((value for param, value in given if not param.name_there), None)
        return orjson.dumps(_object(given) if whole is None else whole)
    return b""


def _object(given: list[tuple[Param, Any]]) -> dict[str, Any]:
    """`fields.summary` stands in the object `fields`, beside what another parameter has put there."""
    made: dict[str, Any] = {}
    for param, value in given:
        for key in reversed(param.name_there.split(".")):
            value = {key: value}
        made = _merged(value, made)
    return made


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, without changing either: they are the caller's, or those of all calls. The other wins."""
    both = {key: _merged(one[key], other[key]) for key in one if _is_object(one[key]) and _is_object(other.get(key))}
    return {**one, **other, **both}


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _text(value: Any) -> str:
    """A list outside of queries and bodies has commas between its items (OpenAPI's style `simple`)."""
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
