"""The files of one skill that say what is needed, and the faults that were found in them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.reading import Place, decode


class Source:
    """`root` is the folder of the skill; all paths are relative to it, with `/` between names."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.faults: list[Fault] = []

    def place(self, path: str) -> Place:
        return Place(faults=self.faults, file=path)

    def nearest(self, script: str, name: str) -> str | None:
        """The path of the file beside the script, or in the nearest folder around it."""
        paths = (str(folder / name) for folder in PurePosixPath(script).parents)
        return next(filter(self.has, paths), None)

    def has(self, path: str) -> bool:
        return (self._root / path).is_file()

    def read(self, path: str, *, most_bytes: int) -> str | None:
        """Its text; None, with a fault, when it has none, or when it leads out of the skill."""
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root) or not file.is_file():
            self.place(path).refuse("no_such_file", f"the skill has no file {path[:200]!r}", "name one of its files")
            return None
        with file.open("rb") as stream:
            return decode(stream.read(most_bytes + 1), self.place(path), most_bytes=most_bytes)

    def check(self) -> None:
        """Raises SkillError with every fault when there is one."""
        if any(fault.severity == "error" for fault in self.faults):
            raise SkillError(self.faults)
