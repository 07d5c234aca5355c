"""How a domain declares the tables that it owns; a test holds the declarations against the migrations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, in the order of the migrations, and the databases that have it.

    `ordered_by`: the column in whose order rows must be written again, where each continues the one before.
    """

    name: str
    columns: tuple[str, ...]
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    ordered_by: str = ""
