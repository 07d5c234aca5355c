"""Finds the text that is in a file and not on the rendered page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_MAX_HIDDEN_CHARS = 20_000
_COMMENT_END = "-->"
_LINK_COMMENT = re.compile(
    r"^[ \t]{0,3}\[(?://|comment|#|_|-|note|hidden)[^\]\n]{0,40}\]:[ \t]*"
    r"(?:#|<>|<#>|[^\s(\"']{1,80})[ \t]*[\"'(](.*)$",
    re.MULTILINE | re.IGNORECASE,
)
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]{0,30})((?:\s|/)[^<>]{0,2000})?>")
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0*(?:\.\d+|[01]px|0)?\s*(?:[a-z%]{0,3})\s*(?:[;\"'}]|$)|"
    r"opacity\s*:\s*0*(?:\.0\d*)?\s*(?:[;\"'}]|$)|(?:max-)?(?:height|width)\s*:\s*[01](?:px)?\s*[;\"'}]|text-indent\s*:\s*-\d{3,}|"
    r"(?:left|top|right|margin-left|margin-top)\s*:\s*-\d{3,}|clip\s*:\s*rect\(0|color\s*:\s*transparent|"
    r"(?:^|[\s\"'/])hidden(?=[\s=>/]|$)|aria-hidden\s*=\s*[\"']?true|\bsr-only\b|visually-hidden|transform\s*:\s*scale\(0",
    re.IGNORECASE,
)
_WHITE = re.compile(
    r"(?<![-\w])color\s*[:=]\s*[\"']?\s*(?:#f{3}\b|#f{6}\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255)", re.I
)
_NEVER_SHOWN = frozenset({"template", "noscript", "metadata", "desc"})
_ATTRIBUTE = re.compile(
    r"\b(alt|title|aria-label|data-[a-z-]{1,40}|content|placeholder)\s{0,4}=\s{0,4}"
    r"""(?:"([^"<>]{12,2000})"|'([^'<>]{12,2000})')""",
    re.IGNORECASE,
)
_ALT = re.compile(
    r"!\[([^\[\]]{12,2000})\]\("
    r"|(?:^|[^!])\[[^\[\]\n]{0,200}\]\([^()\s]{0,400}[ \t]{1,9}[\"']([^\"'\n]{12,1000})[\"']\)",
    re.MULTILINE,
)
_FAR_RIGHT = re.compile(r"(?<![^\S\n])[^\S\n]{120,}(\S[^\n]*)")
_TABLE_ROW = re.compile(r"[^\S\n]{0,8}\|")
_FAR_DOWN = re.compile(r"\n(?:[^\S\n]{0,200}\n){40,}")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that stands in `start:end` of a file and is not shown; `via` tells what hides it."""

    via: str
    start: int
    end: int
    text: str
    is_verbatim: bool = True


def hidden_in(text: str) -> list[Hidden]:
    """All that Markdown or HTML does not show of `text`, by place."""
    found: list[Hidden] = []
    if "<" in text:
        found += [*_comments(text), *_hidden_elements(text), *_attributes(text)]
    if "]:" in text:
        found += [
            Hidden("link comment", m.start(), m.end(), m[1].rstrip(" \t\"')")) for m in _LINK_COMMENT.finditer(text)
        ]
    if "](" in text:
        found += [_group("alt text", match) for match in _ALT.finditer(text)]
    return sorted(found, key=lambda hidden: (hidden.start, hidden.end))


def _comments(text: str) -> Iterator[Hidden]:
    start = text.find("<!--")
    while start >= 0:
        end = text.find(_COMMENT_END, start + 4)
        stop = len(text) if end < 0 else end + len(_COMMENT_END)
        yield Hidden("HTML comment", start, stop, text[start + 4 : end if end >= 0 else stop])
        start = text.find("<!--", stop)


def _hidden_elements(text: str) -> Iterator[Hidden]:
    done = 0
    for tag in _TAG.finditer(text):
        name, attributes = tag[1].lower(), tag[2] or ""
        hides = name in _NEVER_SHOWN or (len(attributes) > 5 and _is_hiding(attributes))
        if tag.start() < done or not hides or attributes.endswith("/"):
            continue
        end = _end_of(text, name, tag.end())
        done = end
        inside = re.sub(r"<[^<>]{0,2000}>", " ", text[tag.end() : end])
        yield Hidden("hidden element", tag.start(), end, html.unescape(inside), is_verbatim="&" not in inside)


def _is_hiding(attributes: str) -> bool:
    if _HIDING.search(attributes):
        return True
    return bool(_WHITE.search(attributes)) and "background" not in attributes.lower()


def _end_of(text: str, name: str, start: int) -> int:
    """Where the element ends: at the first closing tag of its name; of one that is not closed, at a blank line."""
    most = min(len(text), start + _MAX_HIDDEN_CHARS)
    closing = _closing(name).search(text, start, most)
    if closing:
        return closing.start()
    blank = text.find("\n\n", start, most)
    return blank if blank >= 0 else most


@lru_cache(maxsize=64)
def _closing(name: str) -> re.Pattern[str]:
    return re.compile(f"</{re.escape(name)}\\s*>", re.IGNORECASE)


def _attributes(text: str) -> Iterator[Hidden]:
    for match in _ATTRIBUTE.finditer(text):
        value = match[2] or match[3]
        yield Hidden("attribute", match.start(), match.end(), html.unescape(value), is_verbatim=False)


def _group(via: str, match: re.Match[str]) -> Hidden:
    return Hidden(via, match.start(), match.end(), match[1] or match[2], is_verbatim=False)


def far_away_in(text: str) -> list[Hidden]:
    """What no reader scrolls to: behind long stretches of white space, or far below the end."""
    found = []
    if " " * 120 in text or "\t" * 120 in text or "\u3000" * 120 in text:
        for match in _FAR_RIGHT.finditer(text):
            if _TABLE_ROW.match(text, text.rfind("\n", 0, match.start()) + 1):
                continue  # padded cells stand beside each other when the table is shown
            found.append(Hidden("far right", match.start(1), match.end(1), match[1]))
    if text.count("\n") > 40 and (blank := _FAR_DOWN.search(text)):
        rest = text[blank.end() :]
        if rest.strip():
            found.append(Hidden("far down", blank.end(), len(text), rest))
    return found
