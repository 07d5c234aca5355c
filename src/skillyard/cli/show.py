"""How a command talks: data on stdout, talk on stderr, colour on a terminal only, and JSON where it was asked for."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console

    from skillyard.sdk.errors import SdkError
    from skillyard.skill.faults import Fault

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON on stdout.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask.")]

NEEDS_INPUT = 4
_MARKUP = re.compile(r"(?<!\\)\[/?[a-z ]*\]")


def out() -> Console:
    """Where data goes."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, emoji=False)


def err() -> Console:
    """Where talk goes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def data(value: Any) -> None:
    """The whole result as one JSON document on stdout; what could steer a terminal is escaped, as JSON may."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
    sys.stdout.write(text + "\n")


def line(template: str, /, **values: Any) -> None:
    """A line of the result. `{name}` is filled with a value as it is: only the template may hold markup."""
    _print(sys.stdout, out, template, values)


def talk(template: str, /, **values: Any) -> None:
    """A line about what is going on."""
    _print(sys.stderr, err, template, values)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain values; tab separated where stdout is not a terminal."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(_in_a_cell(value) for value in row) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        grid.add_row(*(Text(_in_a_cell(value)) for value in row))
    out().print(grid)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Any]:
    """A bar on stderr while work goes on; call the yielded function with how much was done. Nothing when piped."""
    if not sys.stderr.isatty():
        yield lambda _amount: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount: bar.advance(task, amount)


def fail(error: SdkError, *, as_json: bool) -> NoReturn:
    """Say what was wrong, where, and what to do next; leave with the error's exit code."""
    if as_json:
        data({"error": error.show()})
    talk("[red]error:[/] {message}", message=error.message)
    faults(error.faults)
    near = error.facts.get("suggestions")
    if near and not all(name in error.hint for name in near):
        talk("  [dim]did you mean[/] {names}?", names=" or ".join(near))
    if error.hint:
        talk("  [dim]hint:[/] {hint}", hint=error.hint)
    if error.request_id:
        talk("  [dim]request {request_id}[/]", request_id=error.request_id)
    sys.exit(error.exit_code)


def ask(question: str, *, yes: bool) -> bool:
    """Ask on the terminal; without one, and without --yes, stop with the code for missing consent."""
    if yes:
        return True
    if not sys.stdin.isatty():
        talk("[red]error:[/] {question} Nobody is there to answer.", question=question)
        talk("  [dim]hint:[/] Say --yes to go on without being asked.")
        sys.exit(NEEDS_INPUT)
    talk("{question} [dim]\\[y/N][/] ", question=question)
    return input().strip().lower() in ("y", "yes")


def faults(found: Iterable[Fault]) -> None:
    """One line per fault, on stderr."""
    for fault in found:
        mark = "[red]error[/]" if fault.severity == "error" else "[yellow]note[/]"
        talk(f"  {mark} {{fault}}", fault=fault)


def _print(stream: TextIO, console: Callable[[], Console], template: str, values: dict[str, Any]) -> None:
    """With colour on a terminal; else as plain text, which needs no library."""
    if stream.isatty():
        console().print(_filled(template, values))
        return
    shown = {name: _printable(str(value)) for name, value in values.items()}
    stream.write(_MARKUP.sub("", template).format(**shown) + "\n")


def _filled(template: str, values: dict[str, Any]) -> str:
    from rich.markup import escape

    return template.format(**{name: escape(_printable(str(value))) for name, value in values.items()})


def _in_a_cell(value: object) -> str:
    """A value must not end its cell or its row either."""
    return _printable(str(value)).replace("\t", "\\t").replace("\n", "\\n")


def _printable(text: str) -> str:
    """What came from elsewhere must not steer the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)
