"""Finds the skills in a commit, and makes of each the archive that is published. Runs in a process of its own: what it
reads is hostile, and what it cannot bear ends with that process.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence

from skillyard.domain.drive.git_model import GitFiles, GitSkill, GitSkills
from skillyard.infra.git_pack import BadPack, Objects, TreeEntry, read_packs
from skillyard.skill.archive import pack
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SKILL_FILE, Intake
from skillyard.skill.ignore import IGNORE_FILES, IgnoreRules, read_ignore_rules
from skillyard.skill.limits import Limits
from skillyard.skill.manifest import read_manifest

_SUBMODULE = 0o160000
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_MOST_POINTER_BYTES = 1024
_MOST_DEPTH = 32
_MOST_ENTRIES = 200_000
_MOST_SKILLS = 500
_MOST_FILES = 20_000
_OWN_IGNORE_FILE = IGNORE_FILES[0]  # what .gitignore names and is committed all the same belongs to the skill


def read_skills(
    packs: Sequence[bytes], oid: str, *, path: str, every: bool, most_bytes: int, limits: Limits
) -> GitSkills:
    """The skills in a folder of a commit, whose packs unpack to at most `most_bytes`. Not `every` one: the one that the
    folder is, or else the only one below.
    """
    try:
        objects = read_packs(packs, most_bytes=most_bytes)
        commit = objects.commit_of(oid)
        tree = _find_folder(objects, objects.tree_of(commit), path)
        if tree is None:
            return GitSkills(commit=commit)
        found = _find_skills(objects, tree, path)
        chosen = _choose(found, path, every=every)
        skills = tuple(_read_skill(objects, path, tree, limits) for path, tree in chosen.items())
    except BadPack as error:
        return GitSkills(why=error.why)
    return GitSkills(commit=commit, is_folder=True, paths=tuple(found), skills=skills)


def list_files(packs: Sequence[bytes], oid: str, *, path: str, every: bool, most_bytes: int) -> GitFiles:
    """What `read_skills` will read, found out without the content of any file."""
    oids: dict[str, None] = {}
    try:
        objects = read_packs(packs, most_bytes=most_bytes)
        tree = _find_folder(objects, objects.tree_of(objects.commit_of(oid)), path)
        found = _find_skills(objects, tree, path) if tree else {}
        for folder in _choose(found, path, every=every).values():
            oids |= dict.fromkeys(_walk_files(objects, folder))
            if len(oids) > _MOST_FILES:
                return GitFiles(why=f"the skills in it have more than {_MOST_FILES} files")
    except BadPack as error:
        return GitFiles(why=error.why)
    return GitFiles(oids=tuple(oids))


def _choose(found: Mapping[str, str], path: str, *, every: bool) -> Mapping[str, str]:
    if every or len(found) == 1:
        return found
    return {path: found[path]} if path in found else {}


def _walk_files(objects: Objects, tree: str) -> Iterator[str]:
    """Ids of all files below a folder; what the skill wants left out is not known yet."""
    todo, seen = [(0, tree)], 0
    while todo and seen <= _MOST_FILES:
        depth, tree = todo.pop()
        for entry in objects.entries(tree):
            seen += 1
            if stat.S_ISDIR(entry.mode) and depth < _MOST_DEPTH:
                todo.append((depth + 1, entry.oid))
            elif stat.S_ISREG(entry.mode):
                yield entry.oid


def _find_folder(objects: Objects, tree: str, path: str) -> str | None:
    for name in path.split("/") if path else []:
        entry = next((entry for entry in objects.entries(tree) if entry.name == name), None)
        if entry is None or not stat.S_ISDIR(entry.mode):
            return None
        tree = entry.oid
    return tree


def _find_skills(objects: Objects, tree: str, path: str) -> dict[str, str]:
    """Path and tree of every folder with a SKILL.md whose path can be shown to people, sorted. Raises BadPack for a
    tree that is too large to look through.
    """
    todo, seen, found = [(path, tree)], 0, {}
    while todo:
        path, tree = todo.pop()
        entries = objects.entries(tree)
        seen += len(entries) + 1
        if any(entry.name == SKILL_FILE and stat.S_ISREG(entry.mode) for entry in entries):
            found[path] = tree
        if seen > _MOST_ENTRIES or len(found) > _MOST_SKILLS:
            raise BadPack(f"it has more than {_MOST_ENTRIES} files and folders, or {_MOST_SKILLS} skills")
        if path.count("/") < _MOST_DEPTH:
            inside = [entry for entry in entries if stat.S_ISDIR(entry.mode) and _is_plain(entry.name)]
            todo += [(_join(path, entry.name), entry.oid) for entry in inside]
    return dict(sorted(found.items()))


def _read_skill(objects: Objects, path: str, tree: str, limits: Limits) -> GitSkill:
    intake = Intake(limits)
    try:
        _take_folder(objects, tree, "", _ignore_rules(objects, tree), intake)
        files = intake.files(may_have_top_folder=False)
        archive = pack(files, limits=limits)
    except SkillError as error:
        return GitSkill(path=path, faults=error.faults)
    return GitSkill(path=path, archive=archive, digest=files.digest, said=read_manifest(files))


def _take_folder(objects: Objects, tree: str, prefix: str, rules: IgnoreRules, intake: Intake) -> None:
    for entry in objects.entries(tree):
        path, is_folder = f"{prefix}{entry.name}", stat.S_ISDIR(entry.mode)
        if rules.leaves_out(path, folder=is_folder):
            continue
        if is_folder:
            intake.admit(path, mode=stat.S_IFDIR | 0o755, size_bytes=0)
            if path.count("/") < intake.limits.max_depth:
                _take_folder(objects, entry.oid, f"{path}/", rules, intake)
        else:
            _take_file(objects, entry, path, intake)


def _take_file(objects: Objects, entry: TreeEntry, path: str, intake: Intake) -> None:
    if entry.mode == _SUBMODULE:
        hint = "put a copy of its files in its place"
        intake.refuse("git_submodule", "this is a submodule, whose files are in another repository", hint, entry=path)
        return
    data = b"" if stat.S_ISLNK(entry.mode) else objects.blob(entry.oid)
    if len(data) <= _MOST_POINTER_BYTES and data.startswith(_LFS_POINTER):
        hint = "put the file itself into the repository"
        intake.refuse("git_lfs_pointer", "the file is kept in Git LFS, and here is only a pointer", hint, entry=path)
        return
    mode = stat.S_IFMT(entry.mode) | (0o755 if entry.mode & 0o111 else 0o644)
    if intake.admit(path, mode=mode, size_bytes=len(data)):
        intake.keep(path, data, mode=mode)


def _ignore_rules(objects: Objects, tree: str) -> IgnoreRules:
    for entry in objects.entries(tree):
        if entry.name == _OWN_IGNORE_FILE and stat.S_ISREG(entry.mode):
            return read_ignore_rules(objects.blob(entry.oid).decode("utf-8-sig", "surrogateescape").split("\n"))
    return read_ignore_rules([])


def _is_plain(name: str) -> bool:
    return name.isprintable() and "/" not in name and name not in ("", ".", "..", ".git")


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
