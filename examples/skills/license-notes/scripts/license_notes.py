#!/usr/bin/env python3
"""Gathers the licences of installed Python and Node packages into a third-party notice.

Finding packages is left to installed_packages.py, reading licence expressions to spdx.py."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

sys.dont_write_bytecode = True  # running a skill must not change its folder

from installed_packages import Package, node_packages, python_packages, warn  # noqa: E402
from spdx import must_avoid  # noqa: E402


def gather(environments: Iterable[Path], folders: Iterable[Path], *, leave_out: Iterable[str] = ()) -> list[Package]:
    """All packages, each version once, by kind and name."""
    unwanted = {_folded(name) for name in leave_out}
    found = [one for path in environments for one in python_packages(path)]
    found += [one for path in folders for one in node_packages(path)]
    once = {(one.kind, _folded(one.name), one.version): one for one in found if _folded(one.name) not in unwanted}
    return sorted(once.values(), key=lambda one: (one.kind != "python", _folded(one.name), one.version))


def _folded(name: str) -> str:
    return name.casefold().replace("_", "-").replace(".", "-")


def notice(packages: Sequence[Package], *, texts: bool) -> str:
    """The notice in Markdown; with `texts` also every licence text, equal ones once."""
    lines = ["# Third-party notices", "", "| Package | Version | Licence | Homepage |", "| --- | --- | --- | --- |"]
    for one in packages:
        cells = (one.name, one.version, one.licence or "*not named*", one.homepage or "")
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    blocks = ["\n".join(lines), *(_licence_texts(packages) if texts else [])]
    return "\n\n".join(blocks) + "\n"


def _licence_texts(packages: Sequence[Package]) -> list[str]:
    users: dict[str, list[str]] = {}
    for one in packages:
        for text in one.texts:
            users.setdefault(text, []).append(f"{one.name} {one.version}")
    blocks = ["## Licence texts"] if users else []
    for text, names in users.items():
        longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
        fence = "`" * (longest + 1)
        blocks += [f"### {_cell(', '.join(dict.fromkeys(names)))}", f"{fence}text\n{text}\n{fence}"]
    return blocks


def _cell(text: str) -> str:
    return re.sub(r"([|<>\[\]\\])", r"\\\1", text)


def judge(packages: Sequence[Package], avoid: Sequence[str], *, strict: bool) -> int:
    """Say what needs a look; 1 when it must not stay so, else 0."""
    failed = False
    for one in packages:
        label = f"{one.name} {one.version} ({one.kind})"
        if one.licence is None:
            warn(f"{label} names no licence" + ("; it has a licence file" if one.texts else ""))
            failed = failed or strict
        elif must_avoid(one.licence, avoid):
            print(f"error: {label} has {one.licence}, which you want to avoid", file=sys.stderr)
            failed = True
    return int(failed)


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(text.encode())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="license_notes.py", description="Make a third-party notice of what is installed."
    )
    parser.add_argument("--python", type=Path, action="append", default=[], metavar="FOLDER",
                        help="a virtual environment or site-packages; repeatable")  # fmt: skip
    parser.add_argument("--node", type=Path, action="append", default=[], metavar="FOLDER",
                        help="a folder with node_modules; repeatable")  # fmt: skip
    parser.add_argument(
        "--leave-out", action="append", default=[], metavar="NAME", help="a package that is not shipped"
    )
    parser.add_argument(
        "--avoid", action="append", default=[], metavar="LICENCE", help="fail for it: GPL-3.0, 'AGPL-*'"
    )
    parser.add_argument("--strict", action="store_true", help="fail when a package names no licence")
    parser.add_argument("--texts", action="store_true", help="include the licence texts")
    parser.add_argument("--json", action="store_true", help="write JSON instead of Markdown")
    parser.add_argument("-o", "--output", type=Path, help="where to write the notice (default: standard output)")
    return parser


def _places(options: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    """What was named; else what the current folder holds. Raises FileNotFoundError."""
    environments, folders = options.python, options.node
    if not environments and not folders:
        environments = [path for path in (Path(".venv"), Path("venv")) if path.is_dir()]
        folders = [Path()] if Path("node_modules").is_dir() else []
    if not environments and not folders:
        raise FileNotFoundError("neither .venv, venv nor node_modules is here; name one with --python or --node")
    for folder in folders:
        if folder.name != "node_modules" and not (folder / "node_modules").is_dir():
            raise FileNotFoundError(f"there is no folder {folder / 'node_modules'}; install the packages first")
    if missing := [str(path) for path in (*environments, *folders) if not path.is_dir()]:
        raise FileNotFoundError(f"there is no folder {', '.join(missing)}")
    return environments, folders


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when a licence needs a decision or nothing was found (2 is bad usage)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        environments, folders = _places(options)
    except FileNotFoundError as error:
        parser.error(str(error))
    found = gather(environments, folders, leave_out=options.leave_out)
    if not found:
        print("license_notes: no package is installed there", file=sys.stderr)
        return 1
    described = [{key: value for key, value in asdict(one).items() if options.texts or key != "texts"} for one in found]
    as_json = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
    text = as_json if options.json else notice(found, texts=options.texts)
    if not options.output:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return judge(found, options.avoid, strict=options.strict)
    try:
        _write(options.output, text)
    except OSError as error:
        print(f"license_notes: cannot write {options.output}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"Wrote {options.output}: {len(found)} packages", flush=True)
    return judge(found, options.avoid, strict=options.strict)


if __name__ == "__main__":
    sys.exit(main())
