"""Reads what is written with characters that nobody sees: tags, zero-width bits, variation selectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from skillyard.skill.scan.decode.readable import readable_text

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u180e"
_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_CARRIERS = frozenset(ZERO_WIDTH) | frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0020, 0xE01F0)]))
_TAGS = re.compile("[\U000e0020-\U000e007f]{2,}")
_CANCEL_TAG = "\U000e007f"
_BLACK_FLAG = "\U0001f3f4"
_ZERO_WIDTH_RUN = re.compile(f"[{ZERO_WIDTH}]{{12,}}")
# After a letter of a script whose letters join, or an emoji, one is ordinary.
_ODD_ZERO_WIDTH = re.compile(
    f"(?<![\u0590-\u0fff\u1000-\u109f\u1780-\u18af\u2190-\u2bff\ufe0f\U0001f000-\U0001ffff])[{ZERO_WIDTH}]"
)
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
_FEWEST_BITS = 28
_MOST_BITS = 200_000


@dataclass(frozen=True, slots=True)
class Invisible:
    """Characters at `start:end` that are not seen. `text`: what they say; empty when that cannot be told."""

    via: str
    start: int
    end: int
    text: str


def alphabet_of(text: str) -> frozenset[str]:
    """The characters of `text` that are not ASCII: telling, and mostly few."""
    return frozenset() if text.isascii() else frozenset("".join(_NOT_ASCII.findall(text)))


def invisible_in(text: str, alphabet: frozenset[str]) -> list[Invisible]:
    """Every run of invisible characters that can carry content, by place."""
    if not _CARRIERS & alphabet:
        return []
    found = [*_tags(text), *_zero_width(text), *_selectors(text)]
    return sorted(found, key=lambda run: (run.start, run.via))


def _tags(text: str) -> Iterator[Invisible]:
    """The tag characters repeat ASCII; after a black flag they spell the flag of a region (UTS 51, annex C)."""
    for run in _TAGS.finditer(text):
        is_flag = (
            text[run.start() - 1 : run.start()] == _BLACK_FLAG and run[0].endswith(_CANCEL_TAG) and len(run[0]) < 9
        )
        if not is_flag:
            said = "".join(chr(ord(char) - 0xE0000) for char in run[0] if char != _CANCEL_TAG)
            yield Invisible("tag characters", run.start(), run.end(), said)


def _selectors(text: str) -> Iterator[Invisible]:
    """256 variation selectors, one for each byte; one or two after a character are ordinary."""
    for run in _SELECTORS.finditer(text):
        values = [ord(char) for char in run[0]]
        data = bytes(value - 0xFE00 if value < 0xFE10 else value - 0xE0100 + 16 for value in values)
        yield Invisible("variation selectors", run.start(), run.end(), readable_text(data, fewest=3) or "")


def _zero_width(text: str) -> Iterator[Invisible]:
    runs = list(_ZERO_WIDTH_RUN.finditer(text))
    for run in runs:
        yield Invisible("zero-width bits", run.start(), run.end(), _bits_said(run[0]))
    if not runs:
        scattered = list(_ODD_ZERO_WIDTH.finditer(text))
        if len(scattered) >= _FEWEST_BITS and (said := _bits_said("".join(char[0] for char in scattered))):
            yield Invisible("zero-width bits", scattered[0].start(), scattered[-1].end(), said)


def _bits_said(run: str) -> str:
    """The text in the two commonest characters as bits, either way round, in groups of 8, 7 or 16; others part them."""
    counts = Counter(run[:_MOST_BITS])
    if len(counts) < 2:
        return ""
    symbols = sorted(counts, key=lambda char: (-counts[char], char))
    if len(symbols) == 3:  # two for the bits, one between the groups
        symbols = sorted(symbols, key=lambda char: counts[char])[1:] if counts[symbols[2]] * 5 < len(run) else symbols
    for zero, one in ((symbols[0], symbols[1]), (symbols[1], symbols[0])):
        bits = "".join("0" if char == zero else "1" for char in run[:_MOST_BITS] if char in (zero, one))
        for width in (8, 7, 16):
            if said := _read_bits(bits, width):
                return said
    return ""


def _read_bits(bits: str, width: int) -> str:
    values = [int(bits[place : place + width], 2) for place in range(0, len(bits) - width + 1, width)]
    if width == 8:
        return readable_text(bytes(values), fewest=3) or ""
    said = "".join(chr(value) for value in values if not 0xD800 <= value < 0xE000)
    return said if len(said) > 2 and said.isprintable() and said.isascii() else ""
