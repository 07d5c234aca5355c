"""The whole API from the shell: every operation of the server's OpenAPI document, and plain requests."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Param = Annotated[
    list[str] | None,
    Parameter(name=["--param", "-p"], help="name=value; the value stays text. May be given several times."),
]
Body = Annotated[str | None, Parameter(help="JSON body; @FILE reads a file, @- reads stdin.")]
File = Annotated[list[str] | None, Parameter(help="field=PATH to upload.")]


def ops(word: str | None = None, /, *, registry: Registry = None, json: Json = False) -> None:
    """List the operations of the API, or those that WORD names."""
    with Client(registry) as client:
        found = [
            operation for operation in client.operations()
            if word is None or word.lower() in f"{operation.id} {operation.path} {operation.summary}".lower()
        ]  # fmt: skip
    if json:
        return show.data(
            [
                {"id": operation.id, "name": operation.name, "method": operation.method, "path": operation.path,
                 "summary": operation.summary}
                for operation in found
            ]
        )  # fmt: skip
    show.table(
        ["operation", "request", "what it does"],
        [(operation.id, f"{operation.method} {operation.path}", operation.summary) for operation in found],
    )
    return None


def call(
    operation: str, /, *, param: Param = None, body: Body = None, file: File = None,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Call an operation by its id: `call getSkill -p namespace=acme -p slug=pdf`. The answer is printed as JSON."""
    del json  # the answer is JSON anyway
    with Client(registry) as client:
        answer = client.call(operation, json=_body(body), files=_files(file), **_pairs(param))
    _print(answer)


def request(
    method: str, path: str, /, *, param: Param = None, body: Body = None, file: File = None,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Send any request: `request GET /skills -p q=pdf`. Paths are below /api/v1."""
    del json
    with Client(registry) as client:
        answer = client.request(method.upper(), path, params=_pairs(param), json=_body(body), files=_files(file))
    is_json = "json" in answer.headers.get("content-type", "")
    _print(answer.json() if is_json else answer.body)


def _print(answer: Any) -> None:
    if isinstance(answer, bytes) and sys.stdout.isatty():
        show.line("{text}", text=answer.decode(errors="backslashreplace"))
    elif isinstance(answer, bytes):
        sys.stdout.buffer.write(answer)
    else:
        show.data(answer)


def _pairs(given: list[str] | None) -> dict[str, Any]:
    """`["tag=a", "tag=b", "limit=5"]` → `{"tag": ["a", "b"], "limit": "5"}`; values stay text, 1.10 stays 1.10."""
    pairs: dict[str, Any] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is not name=value.", code="bad_parameter", hint="Write --param name=value.")
        earlier = pairs.get(name)
        pairs[name] = value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return pairs


def _files(given: list[str] | None) -> dict[str, Path] | None:
    return {name: Path(str(path)) for name, path in _pairs(given).items()} or None


def _body(text: str | None) -> Any:
    if text is None:
        return None
    if text.startswith("@"):
        text = sys.stdin.read() if text == "@-" else Path(text[1:]).read_text(encoding="utf-8")
    try:
        return jsonlib.loads(text)
    except ValueError as error:
        raise UsageError(f"The body is not JSON: {error}.", code="bad_body", hint="Quote it for your shell.") from error
