"""Works out texts that scripts put together from constants, in both Python's and JavaScript's ways."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable
from itertools import islice, product

from skillyard.skill.scan.decode.readable import inflated
from skillyard.skill.scan.flow.model import (
    HOLE,
    MAX_TEXT_CHARS,
    MAX_TEXTS,
    NO_TAINTS,
    Source,
    Taint,
    Value,
    few,
    words_in,
)

_MAX_ITEMS = 2048
_NUMBER = re.compile(r"-?(?:0[xob])?[0-9a-fA-F_]{1,12}")
_FIELD = re.compile(r"\{([A-Za-z0-9_]*)[^{}]{0,40}\}|%(?:\((\w+)\))?[-0-9.]{0,6}[sdrix]")


def concatenated(values: list[Value], mark: str = "") -> Value:
    """The values one after the other. With `/` as the mark they are parts of a path, of which an absolute one wins."""
    texts = _product(values, mark)
    taints = NO_TAINTS.union(*(value.taints for value in values))
    is_built = sum(1 for value in values if value.texts != ("",)) > 1 and not mark
    backing: frozenset[str] = frozenset().union(*(value.backing for value in values))
    return Value(texts=texts, taints=taints, is_built=is_built, backing=backing)


def _product(values: list[Value], mark: str) -> tuple[str, ...]:
    count = 1
    choices = []
    for value in values[:_MAX_ITEMS]:
        count *= len(value.texts)
        choices.append(value.texts if count <= MAX_TEXTS else value.texts[:1])
    wholes = []
    for parts in product(*choices):
        whole = (path_of(parts) if mark == "/" else mark.join(parts))[:MAX_TEXT_CHARS]
        wholes.append(re.sub(f"{HOLE}{{2,}}", HOLE, whole) if HOLE + HOLE in whole else whole)
    return few(wholes)


def path_of(parts: tuple[str, ...]) -> str:
    """As the joining of paths has it: what is absolute begins anew."""
    whole = ""
    for part in parts:
        if part.startswith(("/", "~")) or not whole:
            whole = part
        elif part:
            whole = f"{whole.rstrip('/')}/{part.removeprefix('./')}"
    return whole


def fold(name: str, receiver: Value | None, args: list[Value], line: int) -> Value | None:
    """The result of a call by its last name, if it is one that makes texts out of texts; None if not."""
    make = _METHODS.get(name) if receiver is not None else _FUNCTIONS.get(name)
    if make is None:
        return None
    values = args if receiver is None else [receiver, *args]
    return make(values, line) if values else None


def _each(values: list[Value], change: Callable[[str], str], is_built: bool = True) -> Value:
    value = values[0]
    return value._replace(
        texts=few(text if HOLE in text else change(text) for text in value.texts),
        path="", is_built=value.is_built or is_built, function=None, items=None,
    )  # fmt: skip


def _decoding(decode: Callable[[str], str]) -> Callable[[list[Value], int], Value]:
    def make(values: list[Value], line: int) -> Value:
        value = values[0]
        texts = few(HOLE if HOLE in text else _try(decode, text) for text in value.texts)
        hint = next((text for text in texts if text.strip(HOLE)), None)
        taints = value.taints
        if any(HOLE not in text and len(text) > 7 for text in value.texts) or hint:
            taints |= {Taint(Source.DECODED, (hint or value.texts[0])[:60], line)}
        return Value(texts=texts, taints=taints, is_built=True, addresses=value.addresses)

    return make


def _try(decode: Callable[[str], str], text: str) -> str:
    try:
        return decode(text)[:MAX_TEXT_CHARS]
    except (ValueError, LookupError, binascii.Error, UnicodeError, OverflowError):
        return HOLE


def _bytes_to_text(data: bytes) -> str:
    return data.decode("utf-8") if data.isascii() else data.decode("latin-1")


def _from_base64(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9+/]", "", text.replace("-", "+").replace("_", "/"))
    return _bytes_to_text(base64.b64decode(plain + "=" * (-len(plain) % 4)))


def _from_base32(text: str) -> str:
    return _bytes_to_text(base64.b32decode(text + "=" * (-len(text) % 8), casefold=True))


def _from_hex(text: str) -> str:
    return _bytes_to_text(bytes.fromhex(text.replace("\\x", "")))


def _inflate(text: str) -> str:
    unpacked = inflated(text.encode("latin-1"))
    if unpacked is None:
        raise ValueError
    return _bytes_to_text(unpacked)


def _rot13(text: str) -> str:
    return codecs.decode(text, "rot13")


def _codec(values: list[Value], line: int) -> Value:
    name = values[1].texts[0] if len(values) > 1 else "utf-8"
    known = {"rot13": _rot13, "rot_13": _rot13, "hex": _from_hex, "base64": _from_base64, "zlib": _inflate}
    return _decoding(known[name])(values, line) if name in known else _each(values, str, is_built=False)


def _buffer(values: list[Value], line: int) -> Value:
    name = values[1].texts[0] if len(values) > 1 else "utf8"
    known = {"base64": _from_base64, "base64url": _from_base64, "hex": _from_hex}
    if name in known:
        return _decoding(known[name])(values, line)
    return _characters(values[:1], line) if values[0].items else _each(values, str, is_built=False)


def _character(values: list[Value], _: int) -> Value:
    return values[0]._replace(texts=few(_number_to_char(text) for text in values[0].texts), path="", is_built=True)


def _number_to_char(text: str) -> str:
    try:
        return chr(int(text, 0)) if _NUMBER.fullmatch(text) else HOLE
    except (ValueError, OverflowError):
        return HOLE


def _characters(values: list[Value], line: int) -> Value:
    """Of `String.fromCharCode(...)` and `bytes([...])`."""
    codes = [item for value in values for item in (value.items if value.items is not None else (value,))]
    if len(codes) > _MAX_ITEMS:
        return Value()
    joined = concatenated([_character([code], line) for code in codes])
    if len(codes) < 4 or HOLE in joined.texts[0]:
        return joined._replace(is_built=True)
    taint = Taint(Source.DECODED, joined.texts[0][:60], line)
    return joined._replace(is_built=True, taints=joined.taints | {taint})


def _joined(values: list[Value], _: int) -> Value:
    """`mark.join(items)` in Python, `items.join(mark)` in JavaScript."""
    mark, items = values[0], values[1] if len(values) > 1 else Value(texts=("",))
    if mark.items is not None:
        mark, items = (items if len(values) > 1 else Value(texts=(",",))), mark
    if items.items is None:
        return Value(taints=mark.taints | items.taints)
    between = mark.texts[0]
    parts: list[Value] = []
    for item in items.items[:_MAX_ITEMS]:
        parts += [Value(texts=(between,)), item] if parts else [item]
    joined = concatenated(parts)
    return joined._replace(taints=joined.taints | items.taints, is_built=True, backing=items.backing)


def _split(values: list[Value], _: int) -> Value:
    value = values[0]
    mark = values[1].texts[0] if len(values) > 1 else None
    if len(value.texts) != 1 or HOLE in value.texts[0] or mark == HOLE:
        return Value(taints=value.taints, backing=value.backing)
    text = value.texts[0]
    parts = list(text[:_MAX_ITEMS]) if mark == "" else text.split(mark)[:_MAX_ITEMS]
    return Value(texts=value.texts, taints=value.taints, items=tuple(Value(texts=(part,)) for part in parts))


def _reversed(values: list[Value], _: int) -> Value:
    value = values[0]
    if value.items is not None:
        return value._replace(items=value.items[::-1], keys=())
    return _each(values, lambda text: text[::-1])


def _replaced(values: list[Value], _: int) -> Value:
    if len(values) < 3:
        return values[0]
    old, new = values[1].texts[0], values[2].texts[0]
    if HOLE in old or not old:
        return Value(taints=values[0].taints)
    return _each(values, lambda text: text[:MAX_TEXT_CHARS].replace(old, new)[:MAX_TEXT_CHARS])


def _filled(values: list[Value], _: int) -> Value:
    """`"{}/{}".format(a, b)` and `"%s" % a`."""
    template, *rest = values
    given = list(rest[0].items) if len(rest) == 1 and rest[0].items is not None else rest
    pieces: list[Value] = []
    text, end = template.texts[0], 0
    for number, match in enumerate(islice(_FIELD.finditer(text), 200)):
        pieces.append(Value(texts=(text[end : match.start()],)))
        index = int(match[1]) if match[1] and match[1].isdigit() else number
        pieces.append(given[index] if index < len(given) else Value())
        end = match.end()
    filled = concatenated([*pieces, Value(texts=(text[end:],))])
    return filled._replace(taints=filled.taints.union(*(value.taints for value in values)), is_built=True)


def _repeated(values: list[Value], _: int) -> Value:
    return Value(taints=NO_TAINTS.union(*(value.taints for value in values)))


def _same(values: list[Value], _: int) -> Value:
    return values[0]._replace(path="")


def _ordinal(values: list[Value], _: int) -> Value:
    return values[0]._replace(
        texts=few(str(ord(text)) if len(text) == 1 else HOLE for text in values[0].texts), path=""
    )


_BEHIND_XOR = Taint(Source.DECODED, "data behind an exclusive or", 0)


def _xored(values: list[Value], line: int) -> Value:
    """Of two numbers the number; data that is mixed with something is decoded by it."""
    texts = [value.texts[0] for value in values]
    if all(_NUMBER.fullmatch(text) for text in texts):
        try:
            plain = str(int(texts[0], 0) ^ int(texts[1], 0))
            return Value(texts=(plain,), taints=frozenset({_BEHIND_XOR._replace(line=line)}), is_built=True)
        except ValueError:
            pass
    taints = NO_TAINTS.union(*(value.taints for value in values))
    return Value(taints=taints | {_BEHIND_XOR._replace(line=line)}, is_built=True)


def _sliced(values: list[Value], _: int) -> Value:
    value = values[0]
    bounds = [_bound(bound) for bound in values[1:3]]
    if "?" in bounds:
        return Value(taints=value.taints, backing=value.backing, addresses=value.addresses)
    start, end = [int(bound) if bound else None for bound in (*bounds, "", "")[:2]]
    if value.items is not None:
        return value._replace(items=value.items[start:end], keys=())
    return _each([value], lambda text: text[start:end])


def _bound(value: Value) -> str:
    text = value.texts[0]
    return text if re.fullmatch(r"-?\d{1,6}|", text) else "?"


def _unpadded(values: list[Value], _: int) -> Value:
    marks = values[1].texts[0] if len(values) > 1 and HOLE not in values[1].texts[0] else None
    return _each(values, lambda text: text.strip(marks), is_built=False)


_FUNCTIONS: dict[str, Callable[[list[Value], int], Value]] = {
    **dict.fromkeys(
        words_in(
            "base64.b64decode base64.urlsafe_b64decode base64.standard_b64decode base64.decodebytes "
            "binascii.a2b_base64 atob window.atob"
        ),
        _decoding(_from_base64),
    ),
    "base64.b32decode": _decoding(_from_base32),
    **dict.fromkeys(
        words_in("bytes.fromhex bytearray.fromhex binascii.unhexlify binascii.a2b_hex"), _decoding(_from_hex)
    ),
    **dict.fromkeys(words_in("zlib.decompress gzip.decompress"), _decoding(_inflate)),
    **dict.fromkeys(words_in("lzma.decompress bz2.decompress marshal.loads"), _decoding(lambda _: HOLE)),
    "codecs.decode": _codec,
    "codecs.encode": _codec,
    "Buffer.from": _buffer,
    "chr": _character,
    "ord": _ordinal,
    "[xor]": _xored,
    **dict.fromkeys(words_in("String.fromCharCode String.fromCodePoint bytes bytearray"), _characters),
    **dict.fromkeys(words_in("str String unescape decodeURIComponent urllib.parse.unquote list tuple"), _same),
    **dict.fromkeys(words_in("reversed [reversed]"), _reversed),
    "[format]": _filled,
    "[slice]": _sliced,
    **dict.fromkeys(
        words_in(
            "os.path.join path.join path.resolve posixpath.join pathlib.Path Path pathlib.PosixPath pathlib.PurePath"
        ),
        lambda values, _: concatenated(values, "/"),
    ),
    **dict.fromkeys(
        words_in("os.path.expanduser os.path.expandvars os.path.abspath os.path.realpath os.path.normpath os.fspath"),
        lambda values, _: home_put_in(values[0]),
    ),
}


def home_put_in(value: Value) -> Value:
    return value._replace(
        texts=tuple(re.sub(r"^\$\{?(?:HOME|USERPROFILE)\}?|^%USERPROFILE%", "~", text) for text in value.texts), path=""
    )


_METHODS: dict[str, Callable[[list[Value], int], Value]] = {
    "join": _joined,
    "split": _split,
    "replace": _replaced,
    "replaceAll": _replaced,
    "format": _filled,
    "lower": lambda values, _: _each(values, str.lower, is_built=False),
    "toLowerCase": lambda values, _: _each(values, str.lower, is_built=False),
    "upper": lambda values, _: _each(values, str.upper, is_built=False),
    "toUpperCase": lambda values, _: _each(values, str.upper, is_built=False),
    **dict.fromkeys(words_in("strip trim rstrip lstrip"), _unpadded),
    **dict.fromkeys(words_in("toString as_posix expanduser resolve absolute normalize valueOf encode"), _same),
    "decode": _codec,
    "reverse": _reversed,
    "concat": lambda values, _: concatenated(values),
    "joinpath": lambda values, _: concatenated(values, "/"),
    **dict.fromkeys(words_in("slice substring"), _sliced),
}
