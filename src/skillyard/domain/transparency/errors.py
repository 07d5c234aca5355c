"""What the public log refuses."""

from __future__ import annotations

from skillyard.infra.errors import Invalid, NotFound, SkillyardError


class LogDamaged(SkillyardError):
    code = "log_damaged"
    text = "The public log of this registry is damaged: its entries and hashes do not fit (level {level}, {position})."
    hint = "Nothing can be proved or added until the operator has looked at the database and restored it."


class TileNotFound(NotFound):
    code = "tile_not_found"
    text = "The log has no {path} yet."
    hint = "Read the checkpoint first; its size says which tiles there are."


class PositionNotFound(Invalid):
    code = "log_position_not_found"
    text = "The log has no entry {position}; it has {size}."
    hint = "Positions begin at 0; read the checkpoint for the size."
