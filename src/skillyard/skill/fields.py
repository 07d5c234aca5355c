"""What each single field of a manifest may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from skillyard.skill.faults import SkillError
from skillyard.skill.reading import Place, as_list, as_map, as_text, quoted
from skillyard.skill.versions import Version

MAX_DESCRIPTION_CHARS = 1024
MAX_COMPATIBILITY_CHARS = 500
MAX_LICENSE_CHARS = 500
_MAX_TAGS = 20
_MAX_TAG_CHARS = 40
_TAG = re.compile(rf"(?=.{{1,{_MAX_TAG_CHARS}}}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_TOOLS = 200
_MAX_TOOLS_CHARS = 8000
_MAX_METADATA_CHARS = 8000
_MOST_CREDIT_DIGITS = 6
_VISIBILITIES = ("public", "unlisted", "private")


def read_description(value: object, place: Place) -> str:
    """1 to 1024 characters (Agent Skills specification)."""
    text = as_text(value, place, most_chars=MAX_DESCRIPTION_CHARS)
    if text is None and (value is None or isinstance(value, str)):
        hint = "say what the skill does and when to use it, in 1 to 1024 characters"
        place.refuse("description_missing", "the skill has no description", hint)
    return text or ""


def read_version(value: object, place: Place) -> str | None:
    """A semantic version in its plain spelling."""
    text = as_text(value, place, most_chars=256)
    if text is None:
        return None
    try:
        return str(Version.parse(text))
    except SkillError as error:
        place.refuse_for(error)
        return None


def read_visibility(value: object, place: Place) -> str | None:
    text = as_text(value, place, most_chars=64)
    if text is None or text in _VISIBILITIES:
        return text
    place.refuse("bad_visibility", f"{place} is {quoted(text)}", f"write one of {', '.join(_VISIBILITIES)}")
    return None


def read_credits(value: object, place: Place) -> int | None:
    """Whole credits, in digits."""
    text = as_text(value, place, most_chars=64)
    if text is None or (text.isascii() and text.isdigit() and len(text) <= _MOST_CREDIT_DIGITS):
        return None if text is None else int(text)
    most = 10**_MOST_CREDIT_DIGITS - 1
    place.refuse("bad_credits", f"{place} is {quoted(text)}", f'write a whole number from 0 to {most}, such as "2"')
    return None


def read_metadata(value: object, place: Place) -> dict[str, str]:
    """A map of text to text (Agent Skills specification). What other tools nest in it is kept as compact JSON."""
    texts = {}
    for key, item in as_map(value, place, hint="write each as `key: value`, indented, on a line of its own").items():
        inner = place.at(key)
        if isinstance(item, Mapping | list):
            inner.warn("not_text", f"{inner} is not text, as the specification asks", "write it as text in quotes")
            item = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        texts[key] = as_text(item, inner, most_chars=_MAX_METADATA_CHARS) or ""
    return texts


def read_tools(value: object, place: Place) -> tuple[str, ...]:
    """Names of tools with their own rules in brackets, as `Read Bash(git add:*)`: separated by blanks, or a list."""
    if isinstance(value, str):
        text = as_text(value, place, most_chars=_MAX_TOOLS_CHARS) or ""
        tools = list(_split_tools(text))
        if text.count("(") != text.count(")"):
            place.refuse("bad_tools", f"{place} has a bracket without its other half", "write it as Bash(git add:*)")
    else:
        hint = "write it as Read Grep Bash(git add:*)"
        items = as_list(value, place, most=_MAX_TOOLS, hint=hint)
        read = [as_text(item, place.at(index), most_chars=_MAX_TOOLS_CHARS) for index, item in enumerate(items)]
        tools = [tool for tool in read if tool]
    if len(tools) > _MAX_TOOLS:
        place.refuse("too_many", f"{place} has {len(tools)} entries, {_MAX_TOOLS} are allowed", "leave some out")
    return tuple(dict.fromkeys(tools))


def _split_tools(text: str) -> Iterator[str]:
    """At blanks and commas outside of brackets."""
    start = depth = 0
    for index, char in enumerate(text):
        if char in " \t\n," and depth <= 0:
            if start < index:
                yield text[start:index]
            start = index + 1
        depth += {"(": 1, ")": -1}.get(char, 0)
    if start < len(text):
        yield text[start:]


def read_tags(value: object, place: Place) -> tuple[str, ...] | None:
    """Lower-case words of 1 to 40 letters, digits and hyphens: separated by commas, or a list. At most 20.

    None when nothing is stated.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        named = [(tag, place) for tag in value.split(",")]
    else:
        items = as_list(value, place, most=10 * _MAX_TAGS, hint="write them as pdf, text")
        named = [(item, place.at(index)) for index, item in enumerate(items)]
    tags = list(dict.fromkeys(tag for item, where in named if (tag := _read_tag(item, where))))
    if len(tags) > _MAX_TAGS:
        place.refuse(
            "too_many", f"the skill has {len(tags)} tags, {_MAX_TAGS} are allowed", "keep what people look for"
        )
    return tuple(tags)


def _read_tag(item: object, place: Place) -> str | None:
    if not isinstance(item, str) or not place.is_text:
        place.warn("bad_tag", f"a tag that is not text ({quoted(item)}) is left out", "write it as text")
        return None
    tag = re.sub(r"[\s_]+", "-", item.strip().lower())
    if tag and not _TAG.fullmatch(tag):
        proposal = re.sub("[^a-z0-9]+", "-", tag)[:_MAX_TAG_CHARS].strip("-")
        hint = f"use 1 to {_MAX_TAG_CHARS} lower-case letters, digits and hyphens" + (
            f", such as {proposal}" if proposal else ""
        )
        place.refuse("bad_tag", f"{quoted(item)} cannot be a tag", hint)
    return tag
