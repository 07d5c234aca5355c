"""Files for a run and from it: which are handed over, and how those that it left come onto this disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from skillyard.sdk.errors import SdkError, UsageError
from skillyard.skill.limits import DEFAULT_LIMITS
from skillyard.skill.paths import Tree, check_path, shown

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MOST_FILES = 1000


def gather(arguments: Iterable[str], named: Iterable[str]) -> dict[str, Path]:
    """Files by their paths in the workspace: arguments that are files of this folder, and those `named`: a file or a
    folder of this one, or `place=file` for one from elsewhere.
    """
    found = {argument: Path(argument) for argument in arguments if _is_plain(argument) and Path(argument).is_file()}
    for name in named:
        place, equals, source = name.partition("=")
        for path, file in _below(place, Path(source if equals else place)):
            found[path] = file
    if len(found) > _MOST_FILES:
        raise UsageError(f"These are {len(found)} files.", code="too_many_files", hint="Hand over fewer.")
    return {PurePosixPath(path).as_posix(): file for path, file in found.items()}


def save(folder: Path, paths: Iterable[str], read: Callable[[str], bytes], *, force: bool = False) -> list[Path]:
    """Write files that a run left below `folder`: under plain names only, through no link, and over no other file
    unless `force`. Raises SdkError before anything is written.
    """
    wanted = list(paths)
    _check_names(wanted)
    targets = {path: folder / path for path in wanted}
    there = [target for target in targets.values() if os.path.lexists(target)]
    if there and not force:
        names = ", ".join(str(target) for target in there[:5])
        hint = "Choose another folder, or say --force to replace them."
        raise SdkError(f"There are files already: {names}.", code="file_exists", hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    for path in wanted:
        _make_parents(folder, path)
    for path, target in targets.items():
        data = read(path)
        if os.path.lexists(target):
            target.unlink()
        with os.fdopen(os.open(target, _NEW, 0o644), "wb") as file:
            file.write(data)
    return list(targets.values())


def _below(place: str, source: Path) -> Iterator[tuple[str, Path]]:
    if not _is_plain(place):
        hint = "Say where it is to be: --file in.pdf=/tmp/in.pdf"
        raise UsageError(f"{place!a} is no path below this folder.", code="bad_file", hint=hint)
    if source.is_dir():
        for child in sorted(source.rglob("*")):
            if child.is_file() and not child.is_symlink():
                yield f"{place.rstrip('/')}/{child.relative_to(source).as_posix()}", child
    elif source.is_file():
        yield place, source
    else:
        raise UsageError(f"There is no file {source}.", code="no_file", hint="Check the path.")


def _is_plain(path: str) -> bool:
    """Whether it can be a path in the workspace."""
    return bool(path) and not check_path(PurePosixPath(path).as_posix(), limits=DEFAULT_LIMITS)


def _check_names(paths: Iterable[str]) -> None:
    tree = Tree()
    faults = [fault for path in paths for fault in (*check_path(path, limits=DEFAULT_LIMITS), *tree.add_file(path))]
    if faults:
        message = f"The file {shown(faults[0].file or '')} is not written: {faults[0].message}."
        raise SdkError(message, code="bad_path", hint="Nothing was written.", faults=faults)


def _make_parents(folder: Path, path: str) -> None:
    parent = folder
    for name in PurePosixPath(path).parts[:-1]:
        parent = parent / name
        parent.mkdir(exist_ok=True)
        if parent.is_symlink():
            raise SdkError(f"{parent} is a link.", code="bad_path", hint="Choose a folder without links.")


def sizes(files: Mapping[str, Path]) -> str:
    """In words, for people who hand them over."""
    return ", ".join(f"{path} ({file.stat().st_size} bytes)" for path, file in sorted(files.items()))
