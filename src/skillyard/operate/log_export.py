"""The public log as files that any static host can serve (https://c2sp.org/tlog-tiles)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skillyard.app import App
from skillyard.domain.transparency import prove
from skillyard.skill.log.checkpoint import open_checkpoint
from skillyard.skill.log.tiles import tiles_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    entries: int
    written: int


def export_log(app: App, folder: Path) -> Exported:
    """Write `checkpoint`, `key` and `tile/…` below `folder`. The checkpoint comes last, when all it needs is there."""
    note = prove.checkpoint(app)
    size = open_checkpoint(note, app.log_key.verifier).size
    written = 0
    for tile in tiles_of(size):
        path = folder / tile.path
        if not path.exists():
            _write(path, prove.read_tile(app, tile))
            written += 1
    _write(folder / "key", f"{app.log_key.verifier}\n".encode())
    _write(folder / "checkpoint", note.encode())
    return Exported(entries=size, written=written + 2)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
