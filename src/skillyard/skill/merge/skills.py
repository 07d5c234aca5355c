"""Merge skills: which files there are, and of each what is in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from skillyard.skill.files import SKILL_FILE
from skillyard.skill.merge.front_matter import merge_skill_lines
from skillyard.skill.merge.model import Conflict, ConflictKind, Merged, Three, Work, pick
from skillyard.skill.merge.text import merge_text
from skillyard.skill.paths import Tree

_SNIFFED_BYTES = 8000  # as many as Git looks at
_LONGEST_BYTES, _MOST_LINES = 8 * 1024 * 1024, 200_000
_WHY: Mapping[ConflictKind, str] = {
    "text": "The same lines were changed here and in the drive.",
    "field": "{where} was changed here and in the drive.",
    "binary": "The file was changed here and in the drive, and is not text that could be merged.",
    "deleted_here": "The file was deleted here and changed in the drive.",
    "deleted_there": "The file was changed here and deleted in the drive.",
    "added": "The file was added here and in the drive, with different content.",
    "clash": "It cannot stand beside what the other side has: {where}.",
}


def merge_skills(base: Mapping[str, bytes], ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> Merged:
    """Bring two sets of changes of the same files together. Paths with `/`; none of the arguments is changed.

    A file that only one side changed, added or deleted is as on that side. One that both changed is merged: SKILL.md by
    the fields of its front matter and by lines, other text by lines, all else not at all.
    """
    files, conflicts, work = dict[str, bytes](), list[Conflict](), Work()
    for path in sorted({*base, *ours, *theirs}):
        content, found = _merge_file(path, Three(base.get(path), ours.get(path), theirs.get(path)), work)
        conflicts += found
        if content is not None:
            files[path] = content
    clashes = list(_clashes(files, ours))
    for clash in clashes:
        del files[clash.path]
    return Merged(files=files, conflicts=(*conflicts, *clashes))


def merge_executable(
    base: Collection[str], ours: Collection[str], theirs: Collection[str], paths: Iterable[str]
) -> frozenset[str]:
    """Which of the merged files may be executed: as on the side that changed it. Never a conflict."""
    return frozenset(path for path in paths if pick(path in base, path in ours, path in theirs))


def _merge_file(path: str, sides: Three[bytes | None], work: Work) -> tuple[bytes | None, list[Conflict]]:
    base, ours, theirs = sides
    if ours == theirs or theirs == base:
        return ours, []
    if ours == base:
        return theirs, []
    if ours is None or theirs is None:
        return theirs if ours is None else ours, [_conflict(path, "deleted_here" if ours is None else "deleted_there")]
    if not all(side is None or _is_text(side) for side in sides):
        return ours, [_conflict(path, "binary")]
    merged = merge_text(base or b"", ours, theirs, work, merge_skill_lines if path == SKILL_FILE else None)
    if merged.conflicts and base is None:
        return merged.content, [_conflict(path, "added")]
    fields = dict.fromkeys(merged.conflicts)
    return merged.content, [_conflict(path, "field" if where else "text", where) for where in fields]


def _is_text(content: bytes) -> bool:
    if len(content) > _LONGEST_BYTES or b"\0" in content[:_SNIFFED_BYTES]:
        return False
    return content.count(b"\n") <= _MOST_LINES


def _clashes(files: Iterable[str], ours: Collection[str]) -> Iterator[Conflict]:
    """Of two paths that differ only in case, or of a file and a folder of the same name, ours stays."""
    tree = Tree()
    for path in sorted(files, key=lambda path: (path not in ours, path)):
        faults = tree.add_file(path)
        if faults:
            yield _conflict(path, "clash", faults[0].message)


def _conflict(path: str, kind: ConflictKind, where: str | None = None) -> Conflict:
    return Conflict(path=path, kind=kind, reason=_WHY[kind].format(where=where), where=where)
