"""What anybody may ask the log: its checkpoint, its tiles, and proofs that entries are in it. Only commits are seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.transparency import rules, store
from skillyard.domain.transparency.entries import shown
from skillyard.domain.transparency.errors import LogDamaged, PositionNotFound, TileNotFound
from skillyard.domain.transparency.model import Entry, Proofs, Proven, ReleaseName
from skillyard.domain.transparency.sign import sign_checkpoint
from skillyard.infra.database import Tx
from skillyard.skill.log.merkle import consistency, hashes_of, inclusion
from skillyard.skill.log.tiles import HEIGHT, Tile, show_bundle, width_of


def checkpoint(app: App) -> str:
    """The signed note of the log as it is now."""
    with app.database.reading() as tx:
        size = store.size_of(tx)
        root = hashes_of([(0, size)], partial(store.read_nodes, tx))[0, size]
    return sign_checkpoint(app, size, root)


def read_tile(app: App, tile: Tile) -> bytes:
    """The bytes of a tile or an entry bundle. Raises TileNotFound while the log is not large enough for it."""
    with app.database.reading() as tx:
        if width_of(tile, store.size_of(tx)) < tile.width:
            raise TileNotFound(path=tile.path)
        if tile.level is None:
            return show_bundle(leaf.encode() for leaf in store.list_leaves(tx, tile.start, tile.width))
        return b"".join(store.list_nodes(tx, HEIGHT * tile.level, tile.start, tile.width))


def prove(
    app: App,
    caller: Caller,
    *,
    positions: Collection[int] = (),
    releases: Collection[ReleaseName] = (),
    known_size: int = 0,
) -> Proofs:
    """Proofs for these entries, and for those that tell of the publication of these releases, under one checkpoint.

    `known_size`: how large the log was when the caller saw it last. Where it is smaller now nothing proves that it is
    the same, and `consistency` is empty. Raises PositionNotFound.
    """
    with app.database.reading() as tx:
        size = store.size_of(tx)
        published = _published(tx, caller, releases)
        entries = _entries(tx, caller, {*positions, *published.values()}, size, named={one.name for one in published})
        paths = {entry.position: inclusion(entry.position, size) for entry in entries}
        since = consistency(known_size, size) if known_size <= size else []
        spans = {(0, size), *since, *(span for path in paths.values() for span in path)}
        hashes = hashes_of(spans, partial(store.read_nodes, tx))
    return Proofs(
        checkpoint=sign_checkpoint(app, size, hashes[0, size]),
        key=str(app.log_key.verifier),
        proven=tuple(
            Proven(entry=entry, proof=tuple(hashes[span] for span in paths[entry.position])) for entry in entries
        ),
        missing=tuple(release for release in releases if release not in published),
        consistency=tuple(hashes[span] for span in since),
    )


def _published(tx: Tx, caller: Caller, releases: Iterable[ReleaseName]) -> dict[ReleaseName, int]:
    """Where in the log each of the releases is that the caller may know of."""
    found = store.find_published(tx, (one for one in releases if (one.name + one.version).isprintable()))
    visibilities = store.list_visibilities(tx, (release.name for release in found))
    return {
        release: position
        for release, position in found.items()
        if rules.may_read(caller, release.name, visibilities.get(release.name), is_named=True)
    }


def _entries(tx: Tx, caller: Caller, positions: Collection[int], size: int, *, named: Collection[str]) -> list[Entry]:
    found = store.find_entries(tx, positions)
    for position in positions:
        if position >= size:
            raise PositionNotFound(position=position, size=size)
        if position not in found:
            raise LogDamaged(level=0, position=position)
    return shown(tx, caller, (found[position] for position in sorted(positions)), named=named)
