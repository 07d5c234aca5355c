"""npm's range grammar taken apart into plain comparators, step by step as its `semver` package does (classes/range.js).

Text in, text out: `^1.2` → `[[(">=", "1.2.0"), ("<", "2.0.0-0")]]`. What the comparators mean is in `versions.py`.
"""

from __future__ import annotations

import re

NUMBER = r"(?:0|[1-9][0-9]{0,255})"
_PRE_PART = r"(?:0|[1-9][0-9]{0,255}|[0-9]{0,256}[a-zA-Z-][a-zA-Z0-9-]{0,250})"
PRE = rf"{_PRE_PART}(?:\.{_PRE_PART})*"
BUILD = r"[0-9A-Za-z-]{1,250}(?:\.[0-9A-Za-z-]{1,250})*"
_X = rf"(?:{NUMBER}|x|X|\*)"
_PARTIAL = rf"[v=\s]*({_X})(?:\.({_X})(?:\.({_X})(?:-({PRE}))?(?:\+{BUILD})?)?)?"
_PARTIAL_SHAPE = re.sub(r"\((?!\?)", "(?:", _PARTIAL)

_HYPHEN = re.compile(rf"\s*{_PARTIAL}\s+-\s+{_PARTIAL}\s*", re.ASCII)
_SPACED_COMPARATOR = re.compile(rf"(\s*)((?:<|>)?=?)\s*({_PARTIAL_SHAPE})", re.ASCII)
_SPACED_TILDE = re.compile(r"(\s*)~>?\s+", re.ASCII)
_SPACED_CARET = re.compile(r"(\s*)\^\s+", re.ASCII)
_CARET = re.compile(rf"\^{_PARTIAL}", re.ASCII)
_TILDE = re.compile(rf"~>?{_PARTIAL}", re.ASCII)
_X_RANGE = re.compile(rf"((?:<|>)?=?)\s*{_PARTIAL}", re.ASCII)
_STAR = re.compile(r"(?:<|>)?=?\s*\*")
_BUILD = re.compile(rf"\+{BUILD}", re.ASCII)
_COMPARATOR = re.compile(rf"((?:<|>)?=?)\s*(v?{NUMBER}\.{NUMBER}\.{NUMBER}(?:-{PRE})?(?:\+{BUILD})?)", re.ASCII)

Comparator = tuple[str, str]  # (operator, full version); ("", "") is any version
_ANY: Comparator = ("", "")
_NOTHING = "<0.0.0-0"


def desugar(text: str, *, include_prerelease: bool = False) -> list[list[Comparator]]:
    """Alternatives of comparators that must all hold. Raises ValueError with the part that cannot be read."""
    lowest = "-0" if include_prerelease else ""
    return [_alternative(part.strip(), lowest) for part in text.split("||")]


def _alternative(text: str, lowest: str) -> list[Comparator]:
    text = re.sub(r"\s+", " ", text)
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen:
        text = _hyphen(hyphen.groups(), lowest)
    text = _SPACED_COMPARATOR.sub(r"\1\2\3", text)
    text = _SPACED_TILDE.sub(r"\1~", text)
    text = _SPACED_CARET.sub(r"\1^", text)
    plain = " ".join(_plain(word, lowest) for word in text.split(" "))
    comparators = [_comparator(word, lowest) for word in re.split(r"\s+", plain)]
    if any(operator + version == _NOTHING for operator, version in comparators):
        return [("<", "0.0.0-0")]
    return comparators


def _plain(word: str, lowest: str) -> str:
    word = _BUILD.sub("", word, count=1)
    for pattern, spell in ((_CARET, _caret), (_TILDE, _tilde)):
        match = pattern.fullmatch(word)
        if match:
            word = spell(match.groups(), lowest)
    return " ".join(_x_range(part, lowest) for part in word.split(" "))


def _comparator(word: str, lowest: str) -> Comparator:
    word = _STAR.sub("", word.strip(), count=1)
    if word in ("", f">=0.0.0{lowest}"):
        return _ANY
    match = _COMPARATOR.fullmatch(word)
    if match is None:
        raise ValueError(word)
    return match[1].replace("=", "") if match[1] == "=" else match[1], match[2].removeprefix("v")


def _is_x(part: str | None) -> bool:
    return part is None or part in ("x", "X", "*")


def _next(part: str) -> int:
    return int(part) + 1


def _caret(parts: tuple[str | None, ...], lowest: str) -> str:
    major, minor, patch, pre = parts
    if major is None or _is_x(major):
        return ""
    if minor is None or _is_x(minor):
        return f">={major}.0.0{lowest} <{_next(major)}.0.0-0"
    if patch is None or _is_x(patch):
        below = f"0.{_next(minor)}" if major == "0" else f"{_next(major)}.0"
        return f">={major}.{minor}.0{lowest} <{below}.0-0"
    if major != "0":
        below = f"{_next(major)}.0.0"
    elif minor != "0":
        below = f"0.{_next(minor)}.0"
    else:
        below = f"0.0.{_next(patch)}"
    tail = f"-{pre}" if pre else lowest if major == "0" else ""
    return f">={major}.{minor}.{patch}{tail} <{below}-0"


def _tilde(parts: tuple[str | None, ...], _lowest: str) -> str:
    major, minor, patch, pre = parts
    if major is None or _is_x(major):
        return ""
    if minor is None or _is_x(minor):
        return f">={major}.0.0 <{_next(major)}.0.0-0"
    if patch is None or _is_x(patch):
        return f">={major}.{minor}.0 <{major}.{_next(minor)}.0-0"
    return f">={major}.{minor}.{patch}{'-' + pre if pre else ''} <{major}.{_next(minor)}.0-0"


def _x_range(word: str, lowest: str) -> str:
    match = _X_RANGE.fullmatch(word.strip())
    if match is None:
        return word
    operator, major, minor, patch, _ = match.groups()
    if not _is_x(major) and not _is_x(minor) and not _is_x(patch):
        return word
    if operator == "=":
        operator = ""
    if _is_x(major):
        return _NOTHING if operator in ("<", ">") else "*"
    if operator:
        return _bound(operator, major, None if _is_x(minor) else minor, lowest)
    if _is_x(minor):
        return f">={major}.0.0{lowest} <{_next(major)}.0.0-0"
    return f">={major}.{minor}.0{lowest} <{major}.{_next(minor)}.0-0"


def _bound(operator: str, major: str, minor: str | None, lowest: str) -> str:
    """`>1` is everything from 2.0.0 on, `<=1.2` everything before 1.3.0."""
    above = f"{_next(major)}.0.0" if minor is None else f"{major}.{_next(minor)}.0"
    here = f"{major}.{minor or 0}.0"
    return {
        ">": f">={above}{lowest}",
        "<=": f"<{above}-0",
        "<": f"<{here}-0",
        ">=": f">={here}{lowest}",
    }[operator]


def _hyphen(parts: tuple[str | None, ...], lowest: str) -> str:
    return f"{_from(parts[:4], lowest)} {_to(parts[4:], lowest)}".strip()


def _from(parts: tuple[str | None, ...], lowest: str) -> str:
    major, minor, patch, pre = parts
    if _is_x(major):
        return ""
    if _is_x(minor):
        return f">={major}.0.0{lowest}"
    if _is_x(patch):
        return f">={major}.{minor}.0{lowest}"
    return f">={major}.{minor}.{patch}{'-' + pre if pre else lowest}"


def _to(parts: tuple[str | None, ...], lowest: str) -> str:
    major, minor, patch, pre = parts
    if major is None or _is_x(major):
        return ""
    if minor is None or _is_x(minor):
        return f"<{_next(major)}.0.0-0"
    if patch is None or _is_x(patch):
        return f"<{major}.{_next(minor)}.0-0"
    if pre:
        return f"<={major}.{minor}.{patch}-{pre}"
    return f"<{major}.{minor}.{_next(patch)}-0" if lowest else f"<={major}.{minor}.{patch}"
