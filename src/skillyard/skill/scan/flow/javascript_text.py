"""Undoes escapes in strings of JavaScript, and takes the types out of TypeScript so that one parser does for both."""

from __future__ import annotations

import re

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_TYPE = r"(?:readonly )?(?:string|number|boolean|any|void|unknown|never|object|null|undefined|Buffer|[A-Z][\w.]{0,40})"
_GENERIC = rf"{_TYPE}(?:<[^<>()\n;]{{0,80}}(?:<[^<>\n]{{0,40}}>)?[^<>()\n;]{{0,20}}>)?(?:\[\])?"
_UNION = rf"{_GENERIC}(?: ?[|&] ?{_GENERIC}){{0,4}}"
_CHANGES = (
    (re.compile(r"^\s*(?:import|export) type\b[^\n]*$|^\s*declare\b[^\n]*$", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:export )?interface \w+[^{\n]{0,100}\{[^{}]{0,2000}\}", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:export )?type \w+(?:<[^\n=]{0,60}>)? ?=[^;\n]{0,400};?$", re.MULTILINE), ""),
    (re.compile(rf"\)\s?:\s?{_UNION}(?= ?(?:\{{|=>))"), ")"),
    (re.compile(rf"(?<=[\w)\]}}])\??:\s?{_UNION}(?=\s?[,)=;\n])"), ""),
    (re.compile(rf"\b(?:as|satisfies) (?:const\b|{_UNION})"), ""),
    (re.compile(r"(?<=\w)<[A-Z][\w, \[\]]{0,60}>(?=\()"), ""),
    (re.compile(r"\b(?:private|public|protected|readonly|abstract|override) (?=\w)"), ""),
    (re.compile(r"(?<=[\w)\]])!(?=[.\[;,)])"), ""),
)


def unescaped(escape: str) -> str:
    """What stands behind a backslash, as the character it means."""
    if escape[:1] in ("x", "u"):
        try:
            return chr(int(escape[1:].strip("{}"), 16))
        except (ValueError, OverflowError):
            return escape
    return _ESCAPES.get(escape, escape)


def without_types(text: str) -> str:
    """The same lines with fewer types; a property whose value is a plain name of a class may be lost with them."""
    for pattern, instead in _CHANGES:
        pieces, end = [], 0
        for match in pattern.finditer(text):
            pieces += [text[end : match.start()], instead, "\n" * match[0].count("\n")]
            end = match.end()
        text = "".join(pieces) + text[end:]
    return text
