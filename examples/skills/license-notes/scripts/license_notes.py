#!/usr/bin/env python3
"""Gathers the licences of installed Python and Node packages into a third-party notice."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, MetadataPathFinder
from pathlib import Path

CLASSIFIER = "License :: "
MOST_CHARS = 80


@dataclass(frozen=True, order=True)
class Package:
    kind: str
    name: str
    version: str
    licence: str | None
    homepage: str | None


def python_packages(environment: Path) -> Iterator[Package]:
    """Distributions installed in a virtual environment."""
    folders = [str(path) for path in environment.glob("lib/python*/site-packages")]
    folders += [str(path) for path in environment.glob("Lib/site-packages")]
    for found in MetadataPathFinder.find_distributions(_context(folders)):
        yield Package("python", found.metadata["Name"], found.version, _python_licence(found), _python_homepage(found))


def _context(folders: list[str]):
    from importlib.metadata import DistributionFinder

    return DistributionFinder.Context(path=folders)


def _python_licence(found: Distribution) -> str | None:
    """The SPDX expression, else the classifier, else the first line of the free text."""
    metadata = found.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    for classifier in metadata.get_all("Classifier", []):
        if classifier.startswith(CLASSIFIER):
            return str(classifier.rpartition(" :: ")[2])
    text = (metadata.get("License") or "").strip().splitlines()
    return text[0][:MOST_CHARS] if text and text[0].upper() != "UNKNOWN" else None


def _python_homepage(found: Distribution) -> str | None:
    urls = dict(entry.split(", ", 1) for entry in found.metadata.get_all("Project-URL", []) if ", " in entry)
    by_name = {name.lower(): url for name, url in urls.items()}
    return found.metadata.get("Home-page") or by_name.get("homepage") or by_name.get("repository")


def node_packages(project: Path) -> Iterator[Package]:
    """Packages below `node_modules`, nested ones too."""
    for path in (project / "node_modules").glob("**/package.json"):
        parent = path.parent.parent
        if parent.name == "node_modules" or (parent.name.startswith("@") and parent.parent.name == "node_modules"):
            package = _node_package(path)
            if package:
                yield package


def _node_package(path: Path) -> Package | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        print(f"warning: {path} cannot be read", file=sys.stderr)
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("name"), str):
        return None
    licence = facts.get("license")
    if isinstance(licence, dict):
        licence = licence.get("type")
    if licence is None and isinstance(facts.get("licenses"), list):
        licence = " OR ".join(str(one.get("type")) for one in facts["licenses"] if isinstance(one, dict))
    homepage = facts.get("homepage")
    return Package(
        "node", facts["name"], str(facts.get("version", "?")), str(licence)[:MOST_CHARS] if licence else None,
        homepage if isinstance(homepage, str) else None,
    )  # fmt: skip


def notice(packages: Iterable[Package]) -> str:
    lines = ["# Third-party notices", "", "| package | version | licence | homepage |", "|---|---|---|---|"]
    for one in packages:
        cells = (one.name, one.version, one.licence or "not named", one.homepage or "")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def avoided(licence: str | None, names: list[str]) -> bool:
    return licence is not None and any(name.lower() in licence.lower() for name in names)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--python", type=Path, action="append", default=[], metavar="ENVIRONMENT")
    made.add_argument("--node", type=Path, action="append", default=[], metavar="FOLDER")
    made.add_argument("--avoid", action="append", default=[], metavar="LICENCE", help="fail when a package has it")
    made.add_argument("--strict", action="store_true", help="fail when a package names no licence")
    made.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    made.add_argument("--output", type=Path, help="where to write the notice; else standard output")
    return made


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if not options.python and not options.node:
        parser().error("name an environment with --python, or a folder with --node")
    for path in (*options.python, *(folder / "node_modules" for folder in options.node)):
        if not path.is_dir():
            parser().error(f"there is no folder {path}")
    found = sorted(
        {one for path in options.python for one in python_packages(path)}
        | {one for path in options.node for one in node_packages(path)},
        key=lambda one: (one.kind, one.name.lower(), one.version),
    )
    text = json.dumps([asdict(one) for one in found], indent=2) + "\n" if options.json else notice(found)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
        print(f"Wrote {options.output}: {len(found)} packages")
    else:
        sys.stdout.write(text)
    return judge(found, options.avoid, strict=options.strict)


def judge(found: list[Package], avoid: list[str], *, strict: bool) -> int:
    """Say what needs a look; 1 when it must not stay so."""
    failed = False
    for one in found:
        label = f"{one.name} {one.version} ({one.kind})"
        if one.licence is None:
            print(f"warning: {label} names no licence", file=sys.stderr)
            failed = failed or strict
        elif avoided(one.licence, avoid):
            print(f"error: {label} has {one.licence}, which you want to avoid", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
