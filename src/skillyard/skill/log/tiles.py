"""Coordinates and bytes of tiles and entry bundles, as a static host serves them (https://c2sp.org/tlog-tiles)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skillyard.skill.faults import Fault, SkillError

HEIGHT = 8
FULL = 1 << HEIGHT
MAX_LEVEL = 7  # of tiles: more leaves than 2**64 there never are
MAX_ENTRY_BYTES = 0xFFFF
_INDEX = re.compile(r"((?:x\d{3}/){0,6})(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """`width` hashes of the level 8 * `level`, from `index` * 256 on; without a level that many entries themselves."""

    level: int | None
    index: int
    width: int = FULL

    @property
    def is_full(self) -> bool:
        return self.width == FULL

    @property
    def start(self) -> int:
        """The first node, or entry, in it."""
        return self.index * FULL

    @property
    def path(self) -> str:
        """Below the address of the log: `tile/0/x001/x234/067.p/8`."""
        digits = [f"{self.index // 1000**place % 1000:03}" for place in range(6, -1, -1)]
        while len(digits) > 1 and digits[0] == "000":
            digits.pop(0)
        number = "/".join([*(f"x{part}" for part in digits[:-1]), digits[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{number}" + ("" if self.is_full else f".p/{self.width}")


def read_tile(level: str, index: str) -> Tile:
    """From the two parts of its path: `0` or `entries`, and `x001/x234/067.p/8`. Raises SkillError."""
    found = _INDEX.fullmatch(index)
    is_level = level == "entries" or (level.isascii() and level.isdigit() and str(int(level[:3])) == level)
    if not found or not is_level:
        raise _not_a_tile(level, index)
    tile = Tile(
        level=None if level == "entries" else int(level),
        index=int((found[1] + found[2]).replace("x", "").replace("/", "")),
        width=int(found[3] or FULL),
    )
    if (tile.level or 0) > MAX_LEVEL or tile.width > FULL or (found[3] and tile.is_full):
        raise _not_a_tile(level, index)
    if tile.path != f"tile/{level}/{index}":
        raise _not_a_tile(level, index)
    return tile


def width_of(tile: Tile, size: int) -> int:
    """How many hashes, or entries, a tree of `size` leaves has for this tile by now, 0 to 256."""
    available = size >> (HEIGHT * (tile.level or 0))
    return min(max(available - tile.start, 0), FULL)


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and entry bundle of a tree, the last of each level perhaps partial."""
    yield from _row(None, size)
    level = 0
    while count := size >> (HEIGHT * level):
        yield from _row(level, count)
        level += 1


def show_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries one after the other, each behind its length in two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(data: bytes) -> list[bytes]:
    """What `show_bundle` wrote. Raises SkillError for bytes that are none."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if len(data) - at < 2 or end > len(data):
            raise SkillError([Fault(code="bad_bundle", message="the bundle breaks off", hint="fetch it again")])
        entries.append(data[at + 2 : end])
        at = end
    return entries


def _row(level: int | None, count: int) -> Iterator[Tile]:
    for index in range(count // FULL):
        yield Tile(level=level, index=index)
    if count % FULL:
        yield Tile(level=level, index=count // FULL, width=count % FULL)


def _not_a_tile(level: str, index: str) -> SkillError:
    message = f"{f'tile/{level}/{index}'[:80]!a} is no tile of a log"
    return SkillError([Fault(code="bad_tile", message=message, hint="write it as tile/0/x001/x234/067.p/8")])
