"""All tables that the code declares, each after the tables that it refers to."""

from __future__ import annotations

import importlib
import pkgutil
import re
from importlib.resources import files

import skillyard
from skillyard.infra.migrations import known_migrations
from skillyard.infra.tables import Table

_CREATE = re.compile(r"CREATE TABLE (\w+)")


def every_table() -> list[Table]:
    """In the order in which the migrations create them; a table refers only to older ones."""
    declared: dict[str, Table] = {}
    for module in pkgutil.walk_packages(skillyard.__path__, "skillyard."):
        if module.name.startswith(("skillyard.infra.", "skillyard.domain.")):
            tables = getattr(importlib.import_module(module.name), "TABLES", ())
            declared.update({table.name: table for table in tables})
    return [declared[name] for name in _creation_order() if name in declared]


def _creation_order() -> list[str]:
    folder = files("skillyard.infra") / "migrations"
    return [
        name
        for migration in known_migrations()
        for name in _CREATE.findall((folder / migration).read_text(encoding="utf-8"))
    ]
