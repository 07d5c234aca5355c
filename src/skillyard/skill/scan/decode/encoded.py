"""Reads text that is written in another alphabet: base64, hexadecimal, escapes, ROT13, entities and the like."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from skillyard.skill.scan.decode.readable import is_readable, readable_text
from skillyard.skill.scan.matching import Hit, Patterns

MAX_LAYER_CHARS = 64 << 10
_MAX_ENCODED_CHARS = 4 * MAX_LAYER_CHARS
_MOST_HITS = 400
_ALPHABETS = Patterns(
    {
        "base64": r"[A-Za-z0-9+/_-]{20,}={0,2}",
        "base64 lines": r"(?m)(?:^[ \t>*#/-]{0,8}[A-Za-z0-9+/=]{8,76}[ \t]*\n){3,}",
        "base32": r"\b[A-Z2-7]{32,}={0,6}",
        "hex": r"(?:[0-9a-f]{2}[ :\n]?){16,}",
        "hex bytes": r"(?:0x[0-9a-f]{2}\s?[,;]\s{0,12}){8,}0x[0-9a-f]{2}",
        "escapes": r"(?:\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\u\{[0-9a-f]{2,5}\}|\\[0-3]?[0-7]{2}){4,}",
        "character codes": r"(?:\b\d{2,3}\s?,\s{0,12}){9,}\d{2,3}\b",
        "binary": r"(?:[01]{8}[ ,\n]?){8,}",
        "octal": r"(?:\b[01]?[0-7]{2}[ ,\n]){12,}",
        "URL": r"(?:%[2-7][0-9a-f][^\s%]{0,12}){5,}",
        "entities": r"(?:&#(?:\d{2,6}|x[0-9a-f]{2,5});?[^&\n]{0,12}){4,}",
        "rot13": r"\b(?:vtaber|vafgehpgvbaf?|cerivbhf|uggcf?|phey|jtrg|frperg|perqragvnyf|cnffjbeq|qvfertneq|flfgrz)\b",
        "reversed": (
            r"\b(?:erongi|snoitcurtsni|suoiverp|lruc|tegw|drawrof|terces|slaitnederc|drowssap|metsys)\b|//:s?ptth\b"
        ),
    }
)
_BETWEEN_CHUNKS = re.compile(r"[\s\"'`+,;.()\[\]\\&>]{1,24}")
_SHORTEST_MERGED = 40


@dataclass(frozen=True, slots=True)
class Layer:
    """What `via` makes of the text that begins at `start` of the text it was found in."""

    via: str
    start: int
    text: str


def layers_in(text: str) -> Iterator[Layer]:
    """What can be decoded in `text`, one step deep, by alphabet and place; only what is text again."""
    hits: dict[str, list[Hit]] = {}
    for hit in _ALPHABETS.find(text, most=_MOST_HITS):
        hits.setdefault(hit.name, []).append(hit)
    for name, found in hits.items():
        if name == "base64":
            yield from _base64_layers(text, found)
        elif name in ("rot13", "reversed"):
            yield from _turned_layers(text, name, found)
        else:
            yield from _plain_layers(name, found)


def _plain_layers(name: str, hits: list[Hit]) -> Iterator[Layer]:
    read = _READERS[name]
    via = name.split()[0] if name in ("base64 lines", "hex bytes") else name
    for hit in hits:
        decoded = read(hit.text[:_MAX_ENCODED_CHARS])
        if decoded and decoded != hit.text:
            yield Layer(via, hit.start, decoded[:MAX_LAYER_CHARS])


def _base64_layers(text: str, hits: list[Hit]) -> Iterator[Layer]:
    """Each run, and runs with nothing but quotes, commas and white space between them as one."""
    for group in _neighbours(text, hits):
        whole = "".join(hit.text for hit in group)
        decoded = from_base64(whole) if len(group) > 1 and len(whole) >= _SHORTEST_MERGED else None
        if decoded:
            yield Layer("base64", group[0].start, decoded)
            continue
        for hit in group:
            if decoded := from_base64(hit.text):
                yield Layer("base64", hit.start, decoded)


def _neighbours(text: str, hits: list[Hit]) -> Iterator[list[Hit]]:
    group: list[Hit] = []
    for hit in hits:
        if group and not _BETWEEN_CHUNKS.fullmatch(text, group[-1].end, min(hit.start, group[-1].end + 30)):
            yield group
            group = []
        group.append(hit)
    if group:
        yield group


def from_base64(text: str) -> str | None:
    """The text that Base64, plain or for URLs, stands for; None when it stands for none."""
    plain = text[:_MAX_ENCODED_CHARS].replace("-", "+").replace("_", "/").rstrip("=").replace("=", "")
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return None
    decoded = readable_text(data)
    return decoded[:MAX_LAYER_CHARS] if decoded else None


def _turned_layers(text: str, name: str, hits: list[Hit]) -> Iterator[Layer]:
    """The paragraph around each word that reads as a telling one when turned; two words make it more than chance."""
    if len(hits) < 2:
        return
    done = -1
    for hit in hits:
        if hit.start < done:
            continue
        start = text.rfind("\n\n", max(0, hit.start - 4000), hit.start) + 1
        end = text.find("\n\n", hit.end, hit.end + 8000)
        done = end if end >= 0 else min(len(text), hit.end + 8000)
        paragraph = text[start:done].strip("\n")
        turned = codecs.encode(paragraph, "rot13") if name == "rot13" else paragraph[::-1]
        yield Layer(name, hit.start, turned)


def _from_lines(text: str) -> str | None:
    return from_base64(re.sub(r"[^A-Za-z0-9+/=]", "", re.sub(r"(?m)^[ \t>*#/-]{0,8}", "", text)))


def _from_base32(text: str) -> str | None:
    plain = text.rstrip("=").upper()
    try:
        return readable_text(base64.b32decode(plain + "=" * (-len(plain) % 8)))
    except (binascii.Error, ValueError):
        return None


def _from_hex(text: str) -> str | None:
    digits = re.sub(r"0x|[^0-9a-fA-F]", "", text)
    return readable_text(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _from_numbers(base: int) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        values = [int(number, base) for number in re.findall(r"\d+", text)]
        return readable_text(bytes(value for value in values if value < 256)) if max(values) < 256 else None

    return read


_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u\{?([0-9a-fA-F]{2,5})\}?|([0-7]{2,3}))")


def _from_escapes(text: str) -> str | None:
    def char(match: re.Match[str]) -> str:
        value = int(match[1] or match[2], 16) if match[1] or match[2] else int(match[3], 8)
        return "" if 0xD800 <= value < 0xE000 else chr(value)

    return _if_readable(_ESCAPE.sub(char, text))


def _from_url(text: str) -> str | None:
    decoded = unquote_to_bytes(text).decode("utf-8", "replace").replace("+", " ")
    return _if_readable(decoded) if " " in decoded or "\n" in decoded else None


def _from_entities(text: str) -> str | None:
    return _if_readable(html.unescape(text))


def _if_readable(text: str) -> str | None:
    return text if len(text) >= 4 and is_readable(text) else None


_READERS: dict[str, Callable[[str], str | None]] = {
    "base64 lines": _from_lines,
    "base32": _from_base32,
    "hex": _from_hex,
    "hex bytes": _from_hex,
    "escapes": _from_escapes,
    "character codes": _from_numbers(10),
    "binary": _from_numbers(2),
    "octal": _from_numbers(8),
    "URL": _from_url,
    "entities": _from_entities,
}
