"""Reads letters that imitate Latin ones as those: full-width, mathematical, Cyrillic, Greek, and words cut up."""

from __future__ import annotations

import re
import unicodedata

from skillyard.skill.scan.decode.invisible import ZERO_WIDTH
from skillyard.skill.scan.decode.passage import Passage

# Unlike the skeletons of skillyard.skill.names, which are only compared, this keeps case and gives what a reader reads.
_READS_AS = {
    **dict(zip("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf\u0433\u043a\u043f\u0442\u043c\u043d\u0432",
               "aeopcyxijshdqwlrknTMHB", strict=True)),
    **dict(zip("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0406\u0408\u0405\u050c\u051a\u051c\u04c0",
               "ABEKMHOPCTXYIJSGQWI", strict=True)),
    **dict(zip("\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03f2\u03f3\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
               "aeikvoptuxcjABEZHIKMNOPTYX", strict=True)),
    **dict(zip("\u0585\u057d\u0578\u0570\u0566\u0581\u0261\u0251\u01c0\u0269\u1d04\u1d0f\u1d20\u1d21\u1d22\u0280\u0274\u029c\u1d07\u1d00\u026a\u029f\u1d1c\u1d1b\ua731\u1d18\u1d05\u1d0d\u1d0b\u0299\u0493\u0262\u028f",
               "ounhqggaIiCOVWZrnheailutspdmkbfgy", strict=True)),
}  # fmt: skip
_STYLED = [*range(0xFF01, 0xFF5F), *range(0x1D400, 0x1D800), *range(0x2100, 0x2139), *range(0x24B6, 0x24EA)]
_ENCLOSED = range(0x1F130, 0x1F18A)
READS_AS = str.maketrans(_READS_AS)
_IMITATING = "".join(_READS_AS)
_UNSEEN = (
    f"{ZERO_WIDTH}\u00ad\u034f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef"
)
_UNSEEN_CHARS = re.compile(f"[{_UNSEEN}]")
DISGUISES = (
    frozenset(_READS_AS)
    | frozenset(map(chr, [*_STYLED, *_ENCLOSED]))
    | frozenset(_UNSEEN_CHARS.findall("".join(map(chr, [*range(0xA0, 0xD800), *range(0xFE00, 0xFF00)]))))
    | frozenset(map(chr, range(0xE0000, 0xE01F0)))
)
WORD = re.compile(f"[A-Za-z0-9_{_IMITATING}]+")
MIXED = re.compile(f"[A-Za-z][{_IMITATING}]|[{_IMITATING}][A-Za-z]")
_SUSPECT = re.compile(f"(?<![^\\W_])[A-Za-z0-9_]{{0,40}}[{_IMITATING}][A-Za-z0-9_{_IMITATING}]*(?![^\\W_])")
_GREEK = re.compile("[\u0370-\u03ff]")
FULL_WIDTH_WORD = re.compile("[\uff21-\uff3a\uff41-\uff5a][\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a]+")
STYLED_WORD = re.compile("[\U0001d400-\U0001d7ff\u2100-\u2138\u24b6-\u24e9\U0001f130-\U0001f189]{3,}")
CUT_WORD = re.compile(f"[A-Za-z][{_UNSEEN}]+[A-Za-z]")
_TELLING = re.compile(
    "|".join(f"(?:{pattern.pattern})" for pattern in (MIXED, FULL_WIDTH_WORD, STYLED_WORD, CUT_WORD))
    + "|[\u202a-\u202e\u2066-\u2069]"
)


def read_as_latin(text: str) -> str:
    """NFKC without what is not seen; in words that have Latin letters too, imitations of them are read as such."""
    plain = unicodedata.normalize("NFKC", _UNSEEN_CHARS.sub("", text))
    return WORD.sub(lambda word: word[0].translate(READS_AS) if MIXED.search(word[0]) else word[0], plain)


def normalised_lines(text: str, alphabet: frozenset[str]) -> list[Passage]:
    """The lines of `text` that read otherwise than they are written, as they read."""
    if not DISGUISES & alphabet:
        return []
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isascii() and _TELLING.search(line):
            plain = read_as_latin(line)
            if plain != line:
                found.append(Passage(number, plain))
    return found


def mixed_words(text: str, alphabet: frozenset[str]) -> list[tuple[str, int]]:
    """Words of Latin letters and imitations of them that are all Latin once read so, and where they stand.

    A single Greek letter beside Latin ones is ordinary in science, and so is a Latin ending of a Cyrillic word.
    """
    found: list[tuple[str, int]] = []
    if not alphabet & _READS_AS.keys():
        return found
    for word in _SUSPECT.finditer(text):
        whole = word[0]
        plain = whole.translate(READS_AS)
        imitations = sum(not char.isascii() for char in whole)
        if plain.isascii() and MIXED.search(whole) and len(whole) > 2 and not (_GREEK.search(whole) and imitations < 2):
            found.append((whole, word.start()))
    return found
