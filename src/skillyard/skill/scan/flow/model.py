"""What flows and where it arrives, the same for every language."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

HOLE = "\ufffc"  # stands in a text for what is not known before the script runs
MAX_TEXTS = 12
MAX_TEXT_CHARS = 20_000


class Source(StrEnum):
    """What data is, by where it comes from."""

    SECRET_FILE = "secret file"  # noqa: S105
    ENV_FILE = "file of variables"
    ENVIRONMENT = "environment"
    SECRET_VARIABLE = "secret variable"  # noqa: S105
    BROWSER = "browser profile"
    WALLET = "wallet"
    CLIPBOARD = "clipboard"
    SCREEN = "screen"
    KEYS = "keystrokes"
    HISTORY = "history"
    DOCUMENTS = "documents"
    CLOUD = "cloud credentials"
    DOWNLOAD = "download"
    DECODED = "decoded data"


SECRETS = frozenset(Source) - {Source.DOWNLOAD, Source.DECODED, Source.SECRET_VARIABLE}


class Taint(NamedTuple):
    """`what` names it: a path, a variable, an address. `whole`: not only one entry that was picked out of it."""

    source: Source
    what: str
    line: int
    whole: bool = True


class Sink(StrEnum):
    """What is done with data."""

    NETWORK = "network"
    SHELL = "shell"  # a command line for a shell
    PROGRAM = "program"  # a program with arguments, without a shell
    CODE = "code"  # a text that is run as code of the same language
    LOAD = "load"  # a format that runs code when it is read
    DELETE = "delete"
    WRITE = "write"
    REPLACE_CLIPBOARD = "clipboard"


class Flow(NamedTuple):
    """Data that arrived somewhere. `how`: the call; `texts`: what is run, or where it goes to, as far as known.

    `is_hidden`: the name of the call was put together at run time. `in_header`: nothing but headers or a login.
    """

    sink: Sink
    how: str
    file: str
    line: int
    taints: frozenset[Taint]
    texts: tuple[str, ...] = ()
    is_hidden: bool = False
    in_header: bool = False
    alone: bool = False


class Value(NamedTuple):
    """What is known of a value: its possible texts with holes, what flowed into it, and what it is called."""

    texts: tuple[str, ...] = (HOLE,)
    taints: frozenset[Taint] = frozenset()
    path: str = ""  # such as os.system, or requests.Session() for what that returned
    items: tuple[Value, ...] | None = None
    keys: tuple[str, ...] = ()
    function: Any = None
    addresses: tuple[str, ...] = ()  # what a connection is to, or where a file is
    backing: frozenset[str] = frozenset()  # variables whose content changes with this one's
    is_built: bool = False  # a text put together or decoded from pieces


UNKNOWN = Value()
NO_TAINTS: frozenset[Taint] = frozenset()


def words_in(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


def constant(text: str) -> Value:
    return Value(texts=(text[:MAX_TEXT_CHARS],))


def any_of(values: list[Value]) -> Value:
    """One of several."""
    if len(values) == 1:
        return values[0]
    if not values:
        return UNKNOWN
    first = values[0]
    paths = {value.path for value in values if value.path}
    functions = [value.function for value in values if value.function is not None]
    return Value(
        texts=few(text for value in values for text in value.texts),
        taints=frozenset().union(*(value.taints for value in values)),
        path=paths.pop() if len(paths) == 1 else "",
        items=next((value.items for value in values if value.items is not None), None),
        keys=next((value.keys for value in values if value.keys), ()),
        function=functions[0] if functions else None,
        addresses=few(text for value in values for text in value.addresses),
        backing=first.backing.union(*(value.backing for value in values)),
        is_built=any(value.is_built for value in values),
    )


def few(texts: Any) -> tuple[str, ...]:
    """Each once, in order, and a hole for those that are too many."""
    found = tuple(dict.fromkeys(texts))
    return found if len(found) <= MAX_TEXTS else (*found[: MAX_TEXTS - 1], HOLE)


def known(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Those of which anything is known."""
    return tuple(text for text in texts if text.strip(HOLE))


@dataclass(slots=True)
class Trace:
    """All that was seen in the scripts of a package."""

    flows: list[Flow] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    starts_programs: bool = False
    unknown: int = 0  # destinations and paths that are only known when the scripts run
    commands: list[Command] = field(default_factory=list)
    not_parsed: list[tuple[str, str]] = field(default_factory=list)
    too_complex: list[str] = field(default_factory=list)
    by_pattern: list[str] = field(default_factory=list)


class Command(NamedTuple):
    """A simple command of a shell with its words, wherever it stands. `evidence`: the line as written."""

    words: tuple[str, ...]
    file: str
    line: int
    evidence: str
    is_quiet: bool = False
