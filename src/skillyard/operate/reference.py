"""The pages of docs/reference, made from the code itself, so that they cannot fall behind it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import skillyard
from skillyard.infra import jobs
from skillyard.infra.errors import every_error
from skillyard.infra.events import Event
from skillyard.settings import Settings

_PIPE = "\\|"
_NOTE = "<!-- Made by `make reference` from the code; do not edit. -->\n\n"


def write_reference(folder: Path) -> list[Path]:
    """Write every page into `folder`; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages().items():
        path = folder / name
        path.write_text(_NOTE + text, encoding="utf-8")
        written.append(path)
    return written


def pages() -> dict[str, str]:
    """File name → Markdown, without the note on top."""
    _load_everything()
    return {
        "settings.md": _settings(),
        "errors.md": _errors(),
        "jobs.md": _jobs(),
        "events.md": _events(),
        "api.md": _api(),
    }


def _settings() -> str:
    rows = [
        (f"`SKILLYARD_{name.upper()}`", f"`{field.default}`" if field.default != "" else "", field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return "# Settings\n\nAll come from the environment; none is needed.\n\n" + _table(
        ("setting", "default", "meaning"), rows
    )


def _errors() -> str:
    rows = [
        (f"`{error.code}`", _kind(error), _filled(error.text), _filled(error.hint))
        for error in every_error()
        if error.__module__.startswith("skillyard.")
    ]
    return "# Error codes\n\nWords between asterisks are filled in.\n\n" + _table(
        ("code", "kind", "what was wrong", "what to do next"), rows
    )


def _filled(text: str) -> str:
    return text.replace("{", "*").replace("}", "*")


def _kind(error: type) -> str:
    kinds = [base.__name__ for base in error.__mro__ if base.__module__ == "skillyard.infra.errors"]
    return kinds[0] if kinds else ""


def _jobs() -> str:
    rows = [
        (f"`{name}`", f"every {job.every_s} s" if job.every_s else "when asked for", _first_line(job.run))
        for name, job in sorted(jobs.known().items())
        if job.run.__module__.startswith("skillyard.")
    ]
    return "# Jobs\n\nAll run at least once and survive a crash.\n\n" + _table(("job", "when", "what it does"), rows)


def _events() -> str:
    every = {event.kind: event for event in Event.__subclasses__() if event.__module__.startswith("skillyard.")}
    rows = [
        (f"`{kind}`", ", ".join(f"`{field.name}`" for field in fields(event)), _first_line(event))
        for kind, event in sorted(every.items())
    ]
    return "# Events\n\nRecorded in the transaction that made them, in the order of commits.\n\n" + _table(
        ("event", "fields", "meaning"), rows
    )


def _api() -> str:
    from skillyard.api.native.addresses import PREFIX
    from skillyard.api.native.application import every_route, operation_id

    rows = [
        (f"`{operation_id(route)}`", f"`{method} {PREFIX}{route.path}`", route.summary or "")
        for route in every_route()
        for method in sorted(route.methods or ())
    ]
    return "# Native API\n\nThe whole document is served at `/api/v1/openapi.json`.\n\n" + _table(
        ("operation", "request", "what it does"), rows
    )


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(cell.replace('|', _PIPE).replace(chr(10), ' ') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]


def _load_everything() -> None:
    for module in pkgutil.walk_packages(skillyard.__path__, "skillyard."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
