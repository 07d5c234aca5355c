"""Plain values that a person wrote: where each stands, and readers that note what is wrong with it instead of raising.

A reader takes a value and its `Place`, and returns what can be used of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.paths import shown

Key = str | int
Keys = tuple[Key, ...]

# What no text may hold: control characters, line ends that YAML readers disagree on, halves of surrogate pairs.
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_MAX_ERRORS = 100
_MAX_WARNINGS = 50  # counted apart, so that warnings never crowd out an error
_MAX_ADDRESS_CHARS = 2000
_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # RFC 3986, appendix A, in any order
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The value that `keys` lead to in `file`. What is wrong is noted in `faults`, which all places of a reading share.

    `lines`: the line of every known value, by its keys. `not_text`: values that read as text here, which are a number,
    true, false or nothing to every YAML reader.
    """

    faults: list[Fault]
    file: str | None = None
    lines: Mapping[Keys, int] = field(default_factory=dict)
    keys: Keys = ()
    not_text: Collection[Keys] = frozenset()

    def at(self, *keys: Key) -> Place:
        """The place of something inside this value."""
        return replace(self, keys=(*self.keys, *keys))

    @property
    def line(self) -> int | None:
        """Its own line, else that of the nearest value around it."""
        around = (self.keys[:length] for length in range(len(self.keys), -1, -1))
        return next((self.lines[keys] for keys in around if keys in self.lines), None)

    @property
    def is_text(self) -> bool:
        return self.keys not in self.not_text

    def __str__(self) -> str:
        """`permissions.network.outbound[2]`; "the file" for the whole."""
        text = "".join(f"[{key}]" if isinstance(key, int) else f".{shorten(key)}" for key in self.keys)
        return text.removeprefix(".") or "the file"

    def refuse(self, code: str, message: str, hint: str) -> None:
        """Note an error, unless there are so many already that this one would not be read."""
        if sum(fault.severity == "error" for fault in self.faults) < _MAX_ERRORS:
            self.faults.append(Fault(code=code, message=message, hint=hint, file=self.file, line=self.line))

    def warn(self, code: str, message: str, hint: str) -> None:
        """Note a warning, as `refuse` does an error."""
        if sum(fault.severity == "warning" for fault in self.faults) < _MAX_WARNINGS:
            fault = Fault(code=code, message=message, hint=hint, file=self.file, line=self.line, severity="warning")
            self.faults.append(fault)

    def refuse_for(self, error: SkillError) -> None:
        """Note faults of a value that was checked without knowing where it stands."""
        for fault in error.faults:
            self.refuse(fault.code, f"{self}: {fault.message}", fault.hint)

    def refuse_type(self, wanted: str, hint: str) -> None:
        self.refuse("wrong_type", f"{self} is not {wanted}", hint)


def shorten(text: str, most: int = 60) -> str:
    """Foreign text as it may stand in a message: not long, and escaped where characters are not seen."""
    return shown(text if len(text) <= most else f"{text[:most]}...")


def quoted(value: object) -> str:
    return f'"{shorten(value)}"' if isinstance(value, str) else shorten(str(value)[:100])


def decode(data: bytes, place: Place, *, most_bytes: int) -> str | None:
    """Text in UTF-8 with plain line feeds: CRLF and CR count as line ends, a byte order mark is dropped with a warning.

    None, with a fault, for anything else.
    """
    if len(data) > most_bytes:
        message = f"the file has {len(data)} bytes, {most_bytes} are allowed"
        place.refuse("too_large", message, "move long texts into files of their own")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        replace(place, lines={(): line}, keys=()).refuse(
            "not_utf8", f"the file is not UTF-8: byte {error.start} is {data[error.start]:#04x}", "save it as UTF-8"
        )
        return None
    return plain_lines(text, place)


def plain_lines(text: str, place: Place) -> str:
    """The text with line feeds only, and without a byte order mark, which is warned of."""
    if text.startswith(_BYTE_ORDER_MARK):
        message = "the file begins with a byte order mark, behind which many agents do not find the front matter"
        place.warn("byte_order_mark", message, "save it as UTF-8 without one")
        text = text[1:]
    return text.replace("\r\n", "\n").replace("\r", "\n")


def as_text(value: object, place: Place, *, most_chars: int) -> str | None:
    """Text without blanks around it; None when there is nothing. The length counts as written."""
    if value is None:
        return None
    if not isinstance(value, str):
        place.refuse_type("text", "write it as text, in quotes if it is a number")
        return None
    if len(value) > most_chars:
        place.refuse("too_long", f"{place} has {len(value)} characters, {most_chars} are allowed", "shorten it")
    return value.strip() or None


def as_list(value: object, place: Place, *, most: int, hint: str) -> list[Any]:
    """The items of a list. Nothing is an empty one, also as the empty text that `key:` is in YAML."""
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        place.refuse_type("a list", hint)
        return []
    if len(value) > most:
        place.refuse("too_many", f"{place} has {len(value)} entries, {most} are allowed", "leave some out")
    return value[:most]


def as_map(value: object, place: Place, *, hint: str) -> Mapping[str, Any]:
    """The entries of a map. Nothing is an empty one."""
    if value is None or value == "":
        return {}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    place.refuse_type("a map of keys to values", hint)
    return {}


def as_flag(value: object, place: Place) -> bool:
    """True or false. In YAML read as text, only the words `true` and `false` are: other readers differ on `yes`."""
    if value is None or value is False or value == "false":
        return False
    if value is True or value == "true":
        return True
    place.refuse_type("true or false", "write true or false")
    return False


def as_web_address(value: object, place: Place) -> str | None:
    """An http or https address without user name or password, since it is shown as a link."""
    text = as_text(value, place, most_chars=_MAX_ADDRESS_CHARS)
    if text is None:
        return None
    if not is_web_address(text):
        place.refuse("bad_address", f"{place} is not a web address", "write it as https://example.com/page")
        return None
    if "@" in urlsplit(text).netloc:
        hint = "leave them out, and change the password"
        place.refuse("secret_in_address", f"{place} has a user name or password in it", hint)
        return None
    return text


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and _ADDRESS.fullmatch(text) is not None


def did_you_mean(key: str, known: Iterable[str]) -> str | None:
    """The known key that was probably meant: `allowed_tools` → `allowed-tools`."""
    return next(iter(get_close_matches(key[:64].lower(), list(known), n=1, cutoff=0.75)), None)
