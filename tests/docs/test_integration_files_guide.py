"""The guide to the files of integrations: its file is one, and its tables have every key that the reader knows."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from skillyard.domain.gateway.calls.preparing import PREPARERS
from skillyard.domain.gateway.catalog import endpoint_fields, integration_file
from skillyard.domain.gateway.catalog.integration import Habits, OAuth, Paging
from skillyard.domain.gateway.catalog.integration_file import read_integration

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "integration-files.md").read_text(encoding="utf-8")


def test_its_file_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    notes = read_integration(text, file="notes.yaml")
    assert list(notes.endpoints) == ["list_notes", "write_note"]
    assert notes.endpoints["write_note"].params[1].name_there == "content.text"


def keys_of(table: str) -> list[str]:
    """What stands in the first column."""
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return sorted(key for row in rows for key in re.findall(r"`(\w+)`", row))


def test_its_tables_have_every_key_and_no_other() -> None:
    integration, endpoint = PAGE.split("## An endpoint")
    assert keys_of(integration) == sorted(integration_file.KEYS)
    assert keys_of(endpoint) == sorted(endpoint_fields.KEYS)


def test_it_names_what_ways_habits_and_pages_have() -> None:
    for kind in (OAuth, Habits, Paging):
        for field in fields(kind):
            assert re.search(rf"`{field.name}(`|:)", PAGE), field.name
    assert any(f"`{name}`" in PAGE for name in PREPARERS)
