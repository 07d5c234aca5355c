"""Coordinates and bytes of C2SP tlog-tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import SkillError
from skillyard.skill.log.tiles import Tile, read_bundle, read_tile, show_bundle, tiles_of, width_of


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=0), "tile/0/000"),
        (Tile(level=0, index=1234067), "tile/0/x001/x234/067"),
        (Tile(level=0, index=1234067, width=8), "tile/0/x001/x234/067.p/8"),
        (Tile(level=1, index=1000), "tile/1/x001/000"),
        (Tile(level=None, index=999, width=255), "tile/entries/999.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    _, level, index = path.split("/", 2)
    assert read_tile(level, index) == tile


@given(st.none() | st.integers(0, 7), st.integers(0, 2**52), st.integers(1, 256))
def test_every_tile_is_read_back_from_its_path(level: int | None, index: int, width: int) -> None:
    tile = Tile(level=level, index=index, width=width)
    _, first, rest = tile.path.split("/", 2)
    assert read_tile(first, rest) == tile


@pytest.mark.parametrize(
    ("level", "index"),
    [
        ("0", "0"), ("0", "1234"), ("0", "x000/001"), ("0", "001.p/0"), ("0", "001.p/256"), ("0", "001.p/007"),
        ("0", "001/002"), ("0", "x001"), ("0", "../etc"), ("8", "000"), ("00", "000"), ("-1", "000"), ("data", "000"),
        ("0", "\u0660\u0660\u0661"), ("0", ""), ("²", "000"), ("0", "x001/" * 9 + "000"),
    ],
)  # fmt: skip
def test_what_is_no_tile_is_refused(level: str, index: str) -> None:
    with pytest.raises(SkillError):
        read_tile(level, index)


def test_a_tree_of_70000_has_the_tiles_of_the_specifications_example() -> None:
    tiles = list(tiles_of(70_000))
    assert len([tile for tile in tiles if tile.level == 0 and tile.is_full]) == 273
    assert [tile.path for tile in tiles if not tile.is_full] == [
        "tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
    ]  # fmt: skip
    assert all(width_of(tile, 70_000) == tile.width for tile in tiles)


def test_bundles_are_read_back_and_broken_ones_refused() -> None:
    entries = [b"", b"one", b"x" * 65535]
    data = show_bundle(entries)
    assert read_bundle(data) == entries
    assert data[:7] == b"\0\0\0\x03one"
    for broken in (data[:-1], data + b"\0", b"\xff"):
        with pytest.raises(SkillError):
            read_bundle(broken)
