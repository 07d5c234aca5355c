"""Builds the integrations that are made from openly licensed descriptions: `python catalog/build.py [name …]`.

Each file of `picks/` says what is chosen of which source; `make integrations` builds all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from discovery import to_openapi
from picking import pick
from sources import SOURCES, fetch

from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from skillyard.domain.gateway.catalog.openapi.read import from_openapi
from skillyard.domain.gateway.catalog.openapi.text import read_document
from skillyard.domain.gateway.catalog.yaml_text import write_yaml
from skillyard.skill.faults import SkillError

PICKS = Path(__file__).parent / "picks"
INTEGRATIONS = Path(__file__).parents[1] / "src" / "skillyard" / "domain" / "gateway" / "catalog" / "integrations"

_MOST_BEFORE_PICKING = 24 * 1024


def build(picks: dict[str, Any]) -> str:
    """The text of the integration's file."""
    source = SOURCES[picks["source"]]
    document = orjson.loads(fetch(source))
    openapi = to_openapi(document) if source.kind == "discovery" else document
    chosen = tuple(dict.fromkeys(endpoint["operation"] for endpoint in picks["endpoints"].values()))
    found, notes = from_openapi(
        openapi, slug=picks["integration"], choices=Choices(only=chosen, most_schema_bytes=_MOST_BEFORE_PICKING)
    )
    for note in notes:
        print(f"  {note}")
    origin = {
        "description": f"{picks['title']}'s published description, from {source.packaged}",
        "version": openapi["info"]["version"],
        "licence": source.licence,
        "url": source.url,
    }
    picked = pick(read_document(write_integration(found).encode()), {**picks, "origin": origin})
    return write_integration(read_integration(write_yaml(picked), file=f"{picks['integration']}.yaml"))


def main(names: list[str]) -> int:
    for path in sorted(PICKS.glob("*.yaml")):
        if names and path.stem not in names:
            continue
        print(path.stem)
        try:
            text = build(read_document(path.read_bytes()))
        except SkillError as error:
            print("\n".join(f"  {fault}" for fault in error.faults))
            return 1
        (INTEGRATIONS / path.name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
