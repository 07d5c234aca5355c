"""Any operation of the API: by its OpenAPI name, or as a plain request. What they mean is left to Client."""

from __future__ import annotations

import json as jsonlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from skillyard.sdk import config, renewal
from skillyard.sdk.addresses import with_query
from skillyard.sdk.errors import NetworkError, SdkError, UsageError
from skillyard.sdk.http_cache import HttpCache
from skillyard.sdk.transport import Request, Response, Transport
from skillyard.sdk.uploads import Upload, file_body, form_body

if TYPE_CHECKING:
    from skillyard.sdk.openapi import Call, Operation

API = "/api/v1"


class ApiCalls:
    """A connection to one registry. Close it, or use it in a `with`.

    Without `base_url` the registry is the one of the environment, of the project (`project_registry`) or of the user's
    settings; without `token` the one that the user signed in with, if any.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        project_registry: str | None = None,
        timeout_s: float = 30.0,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        registry = config.choose_registry(base_url, project_registry)
        self.base_url = registry.url
        self.origin = registry.origin
        own_token = config.check_login(config.Login(token=token)).token if token else registry.token
        self.transport = Transport(
            origin=self.origin,
            token=own_token,
            cache=HttpCache(config.cache_dir() / "http"),
            timeout_s=timeout_s,
            attempts=attempts,
            sleep=sleep,
        )
        self._login = None if token else registry.login
        self._timeout_s = timeout_s
        self._operations: dict[str, Operation] | None = None
        self.ops = Operations(self)

    @property
    def signed_in(self) -> bool:
        """Whether a token is sent; the registry may still refuse it."""
        return self.transport.token is not None

    @property
    def username(self) -> str | None:
        """Who signed in, where the token is the one that was kept then."""
        return self._login.username if self._login else None

    def forget_token(self) -> None:
        """Be nobody from now on; what is kept of the sign-in stays as it is."""
        self.transport.token = self._login = None

    def close(self) -> None:
        self.transport.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def operations(self) -> list[Operation]:
        """Every operation of this registry, in the order of its OpenAPI document."""
        return list(self._loaded().values())

    def operation(self, name: str) -> Operation:
        """By operationId or its snake_case spelling. Raises UsageError with suggestions."""
        from skillyard.sdk.openapi import find_operation

        return find_operation(self._loaded(), name)

    def call(
        self,
        operation: str,
        /,
        *,
        json: Any = None,
        files: Mapping[str, bytes | Path] | None = None,
        headers: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Any:
        """Call an operation; what it answers as JSON value, or as bytes when it is none.

        Parameters of the address and fields of the body are keywords; faults in them are told before anything is sent.
        """
        from skillyard.sdk.openapi import bind

        bound = bind(self.operation(operation), parameters, json=json, files=files)
        answer = self._send(
            bound.method, self._address(bound.path), bound.query, {**bound.headers, **(headers or {})}, _body_of(bound)
        ).check()
        return (answer.json() if answer.body else None) if answer.is_json or not answer.body else answer.body

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        files: Mapping[str, bytes | Path] | None = None,
        headers: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Response:
        """Send any request. `path` is below /api/v1 unless it starts with /api/ or is an absolute address.

        Raises ApiError for an answer of 400 or above, unless `check` is off.
        """
        body = form_body({}, files) if files else _json_body(json)
        answer = self._send(method.upper(), self._address(path), params or {}, headers or {}, body)
        return answer.check() if check else answer

    def items(
        self, operation: str, /, *, limit_total: int | None = None, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Every item of a paged operation, a page at a time."""
        return _paged(lambda cursor: self.call(operation, **{**parameters, "cursor": cursor}), limit_total)

    def get_json(self, path: str, **params: Any) -> Any:
        """GET a JSON document below /api/v1; parameters that are None are left out."""
        return self.request("GET", path, params=params).json()

    def all_items(self, path: str, **params: Any) -> list[Any]:
        """Every item of a paged document below /api/v1."""
        return list(_paged(lambda cursor: self.get_json(path, **params, limit=100, cursor=cursor), None))

    def send_json(self, method: str, path: str, json: Any = None) -> Any:
        """Write, and read the JSON answer."""
        return self.request(method, path, json=json).json()

    def send_form(
        self,
        path: str,
        *,
        params: Mapping[str, Any],
        fields: Mapping[str, str],
        files: Mapping[str, bytes | Path],
        headers: Mapping[str, str],
    ) -> Any:
        """POST a multipart form, its files read from disk while they are sent; the JSON answer."""
        return self._send("POST", self._address(path), params, headers, form_body(fields, files)).check().json()

    def put_file(self, url: str, content: Path) -> None:
        """PUT the bytes of a file to a signed address, which may be on another host."""
        self._send("PUT", url, {}, {}, file_body(content)).check()

    def _loaded(self) -> dict[str, Operation]:
        if self._operations is None:
            from skillyard.sdk.openapi import read_operations

            self._operations = read_operations(self.get_json("/openapi.json"))
        return self._operations

    def _address(self, path: str) -> str:
        if "://" in path:
            return path
        if not path.startswith("/"):
            path = f"/{path}"
        return f"{self.base_url}{path}" if path.startswith("/api/") else f"{self.base_url}{API}{path}"

    def _send(
        self, method: str, url: str, params: Mapping[str, Any], headers: Mapping[str, str], body: Upload | None
    ) -> Response:
        if self._login is not None and renewal.is_due(self._login):
            self._renew(self._login)
        answer = self._send_as_is(method, url, params, headers, body)
        if answer.status == 401 and self._login is not None and _has_ended(answer) and self._renew(self._login):
            answer = self._send_as_is(method, url, params, headers, body)
        return answer

    def _renew(self, login: config.Login) -> bool:
        """False when there is no other token to try."""
        if login.refresh_token is None:
            return False
        self._login = renewal.renew(login, base_url=self.base_url, origin=self.origin, timeout_s=self._timeout_s)
        self.transport.token = self._login.token
        return self._login.token != login.token

    def _send_as_is(
        self, method: str, url: str, params: Mapping[str, Any], headers: Mapping[str, str], body: Upload | None
    ) -> Response:
        url = with_query(url, params)
        if method == "GET" and body is None:
            return self.transport.get(url, headers)
        key = {} if method in ("GET", "HEAD") else {"Idempotency-Key": secrets.token_hex(16)}
        described = body.headers if body else {}
        return self.transport.send(
            Request(
                method=method,
                url=url,
                headers={**described, **key, **headers},
                open_body=body.open if body else lambda: None,
            )
        )


class Operations:
    """`client.ops.search_skills(q="pdf")`: every operation of the registry as a method."""

    def __init__(self, calls: ApiCalls) -> None:
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        operation = self._calls.operation(name)

        def call(**parameters: Any) -> Any:
            return self._calls.call(operation.id, **parameters)

        call.__name__, call.__doc__ = operation.name, operation.description or operation.summary
        return call

    def __dir__(self) -> list[str]:
        return [operation.name for operation in self._calls.operations()]


def same_registry(url: str, *, was: str | None, now: str) -> str:
    """`url` on the registry `was`, as it is reached under the address `now`; other addresses stay as they are."""
    return f"{now}{url.removeprefix(was)}" if was and url.startswith(f"{was}/") else url


def _has_ended(answer: Response) -> bool:
    return b'"token_expired"' in answer.body


def _paged(fetch: Callable[[str | None], Any], limit_total: int | None) -> Iterator[Any]:
    seen: set[str] = set()
    cursor: str | None = None
    count = 0
    while True:
        page = fetch(cursor)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise UsageError("This operation has no pages.", code="not_paged", hint="use `call`")
        for item in page["items"]:
            if limit_total is not None and count >= limit_total:
                return
            count += 1
            yield item
        cursor = page.get("next_cursor")
        if not cursor or not page["items"]:
            return
        if cursor in seen:
            raise NetworkError("The registry's pages go in a circle.", code="bad_answer", hint="tell its operator")
        seen.add(cursor)


def _json_body(value: Any) -> Upload | None:
    if value is None:
        return None
    try:
        data = jsonlib.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise SdkError(f"The body is no JSON value: {error}.", code="bad_body", hint="use plain values") from None
    return file_body(data, content_type="application/json")


def _body_of(call: Call) -> Upload | None:
    if call.body_kind == "form":
        return form_body(call.form, call.files)
    if call.body_kind == "bytes" and call.files:
        return file_body(next(iter(call.files.values())))
    return _json_body(call.json)
