"""A map in a data file whose keys are known: readers that take each, note what is wrong with it, and go on."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.skill.reading import (
    Place,
    as_list,
    as_map,
    as_text,
    as_web_address,
    did_you_mean,
    is_web_address,
    quoted,
)

_TEXTS_AT_MOST = 100
_FAULTS_AT_MOST = 20  # of one kind in one map: what is meant by each takes a while to guess
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2; in lower case, as HTTP/2 has them
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1000}")
_STEP = re.compile(r"[^.\s][^.]{0,99}")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,63})\}")


@dataclass(frozen=True, slots=True)
class Fields:
    """`values` at `place`. A reader returns what can be used; on a fault, which is noted, what stands for nothing."""

    values: Mapping[str, Any]
    place: Place

    def text(self, key: str, *, most_chars: int = 300, needed: bool = False) -> str:
        found = as_text(self.values.get(key), self.place.at(key), most_chars=most_chars)
        if found is None and needed:
            self.refuse_missing(key)
        return found or ""

    def word(self, key: str, pattern: str, wanted: str, *, default: str = "", needed: bool = False) -> str:
        """A text that matches; `wanted` says of which form it has to be."""
        found = self.text(key, needed=needed)
        if found and not re.fullmatch(pattern, found):
            self.place.at(key).refuse("bad_value", f"{self.place.at(key)} is {quoted(found)}", f"write {wanted}")
            return default
        return found or default

    def choice(self, key: str, choices: Collection[str], *, default: str = "") -> Any:
        """One of the words; without a default it has to be given."""
        found = self.text(key, needed=not default)
        if found and found not in choices:
            message = f"{self.place.at(key)} is {quoted(found)}"
            self.place.at(key).refuse("bad_value", message, f"write one of {', '.join(sorted(choices))}")
            return default
        return found or default

    def flag(self, key: str, *, default: bool = False) -> bool:
        found = self.values.get(key, default)
        if not isinstance(found, bool):
            self.place.at(key).refuse_type("true or false", "write true or false")
            return default
        return found

    def number(self, key: str, *, least: int, most: int) -> int:
        found = self.values.get(key)
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            self.place.at(key).refuse("bad_value", f"{self.place.at(key)} is {quoted(found)}", f"write {least} or more")
            return least
        return found

    def texts(self, key: str, *, most_chars: int = 200) -> tuple[str, ...]:
        place = self.place.at(key)
        found = as_list(self.values.get(key), place, most=_TEXTS_AT_MOST, hint="write [a, b]")
        read = (as_text(item, place.at(number), most_chars=most_chars) for number, item in enumerate(found))
        return tuple(text for text in read if text)

    def steps(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """A path into an answer, as `user.login`."""
        found = self.text(key, needed=needed)
        steps = tuple(found.split(".")) if found else ()
        if not all(_STEP.fullmatch(step) for step in steps):
            self.place.at(key).refuse("bad_value", f"{self.place.at(key)} is {quoted(found)}", "write it as user.login")
            return ()
        return steps

    def map(self, key: str) -> Mapping[str, Any]:
        return as_map(self.values.get(key), self.place.at(key), hint="write {key: value}")

    def address(self, key: str, *, needed: bool = False) -> str:
        """A web address, which may have `{variables}` in it."""
        found = self.text(key, most_chars=2000, needed=needed)
        without = _VARIABLE.sub("x", found)
        if found and (not is_web_address(without) or "@" in without or "#" in without):
            message = f"{self.place.at(key)} is {quoted(found)}, which is no address of an API"
            self.place.at(key).refuse("bad_address", message, "write it as https://api.example.com/v1")
            return ""
        return found

    def link(self, key: str) -> str:
        """A page for people."""
        return as_web_address(self.values.get(key), self.place.at(key)) or ""

    def headers(self, key: str) -> Mapping[str, str]:
        found = self.map(key)
        return {name: value for name, value in found.items() if is_header(name, value, self.place.at(key, name))}

    def refuse_missing(self, key: str) -> None:
        self.place.refuse("missing", f"{self.place.at(key)} is missing", f"write {key}: ...")


def known_fields(value: object, place: Place, keys: Collection[str]) -> Fields:
    """The map, without keys that mean nothing here, which are refused."""
    found = as_map(value, place, hint="write {key: value}")
    for key in [key for key in found if key not in keys][:_FAULTS_AT_MOST]:
        meant = did_you_mean(key, keys)
        hint = f"write {meant}" if meant else f"leave it out, or write one of {', '.join(sorted(keys))}"
        place.at(key).refuse("unknown_key", f"{place.at(key)} means nothing here", hint)
    return Fields({key: found[key] for key in found if key in keys}, place)


def known_names(value: object, place: Place, pattern: re.Pattern[str], like: str) -> Mapping[str, Any]:
    """A map whose keys are names of the file's own, without those that cannot be names."""
    found = as_map(value, place, hint=f"write {like}: ...")
    for name in found:
        if not pattern.fullmatch(name):
            place.at(name).refuse("bad_name", f"{quoted(name)} is no name here", f"write it as {like}")
    return {name: item for name, item in found.items() if pattern.fullmatch(name)}


# What makes a message, or says whose it is: a file that set one of these could make two requests out of one.
_OF_THE_MESSAGE = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "cookie"}
)


def is_header(name: str, value: object, place: Place) -> bool:
    """Whether a header can be sent as it is; else a fault is noted."""
    if not _HEADER_NAME.fullmatch(name):
        place.refuse("bad_header", f"{place} is no name of a header", "write it in lower case, as x-api-version")
    elif name in _OF_THE_MESSAGE or name.startswith("proxy-"):
        place.refuse("bad_header", f"{place} is a header that only the connection may set", "leave it out")
    elif not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        place.refuse("bad_header", f"{place} is no value of a header", "write plain text, in quotes if it is a number")
    else:
        return True
    return False


def variables_in(text: str) -> tuple[str, ...]:
    """The names in braces: `https://{site}.example.com` → `site`."""
    return tuple(_VARIABLE.findall(text))
