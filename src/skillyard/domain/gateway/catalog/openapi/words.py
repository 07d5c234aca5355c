"""Foreign texts as one plain line, and names in snake_case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from html import unescape

from skillyard.skill.reading import UNREADABLE

MOST_NAME_CHARS = 64
_MOST_READ = 4000  # of a description; nobody needs more to find its first sentences
_TAG_IN_LINE = re.compile(r"</?(?:a|b|code|em|i|span|strong)\b[^<>]{0,300}>")
_TAG = re.compile(r"<[^<>]{1,300}>")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\((?:[^()\s]|\([^()\s]*\)){1,500}\)")
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!?](?=\s+[A-Z\"`(*]|$)")


def plain_line(text: object, *, most: int) -> str:
    """One line without markup: no tags, no addresses of links, nothing unseen; cut with `…` where it is long."""
    return _cut(_without_markup(text), most) if isinstance(text, str) else ""


def first_sentence(text: object, *, most: int) -> str:
    """The first sentence of it as one plain line."""
    return _cut(_until_full_stop(text), most) if isinstance(text, str) else ""


@lru_cache(maxsize=4096)  # what is referred to often is read as often
def _until_full_stop(text: str) -> str:
    line = _without_markup(text)
    end = _SENTENCE_END.search(line)
    return line[: end.end()] if end else line


def _without_markup(text: str) -> str:
    line = _TAG.sub(" ", _TAG_IN_LINE.sub("", text[:_MOST_READ]))
    line = _LINK.sub(r"\1", unescape(line))
    line = UNREADABLE.sub(" ", line).replace("**", "")
    return " ".join(line.split())


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def snake_case(text: str) -> str:
    """`listPets` and `pets/list all` as `list_pets` and `pets_list_all`; empty where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text[:300]).encode("ascii", "ignore").decode()
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", plain))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:MOST_NAME_CHARS].strip("_")


def unique(name: str, taken: Collection[str]) -> str:
    """The name, or with the first number behind it that is free."""
    if name not in taken:
        return name
    numbered = (f"{name[: MOST_NAME_CHARS - 5]}_{number}" for number in range(2, 10_000))
    return next(candidate for candidate in numbered if candidate not in taken)
