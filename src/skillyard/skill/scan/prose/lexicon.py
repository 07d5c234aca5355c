"""The word lists of `words/`, one per language: patterns for each concept, and how to tell that the language is there.

In a list a space stands for any white space, `[^.\\n]` for what does not end a sentence, so also a dot within a name,
and `{NAME}` for the macro of that name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from skillyard.skill.scan.matching import Hit, Patterns
from skillyard.skill.scan.prose.recipes import anchor_concepts

_GROUP_SIZE = 5  # more in one automaton make it slower than two
_ALSO = {"send": "strongsend"}  # what is of the second concept is of the first too


@dataclass(frozen=True, slots=True)
class Language:
    """Concepts as patterns, each alone; and those that recipes begin with in a few groups, to be looked for at once."""

    name: str
    alone: dict[str, Patterns]
    groups: tuple[Patterns, ...]

    def anchors_in(self, text: str) -> frozenset[str]:
        """The concepts that recipes begin with and that stand in `text`."""
        return frozenset(name for group in self.groups for name in group.present(text))

    def find(self, concept: str, text: str, most: int) -> Iterator[Hit]:
        if concept in self.alone:
            yield from self.alone[concept].find(text, most=most)


class Lexicon:
    """All languages. Ask `speaks` first, then only those."""

    def __init__(self) -> None:
        folder = resources.files("skillyard.skill.scan.prose").joinpath("words")
        lists = {
            entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text(encoding="utf-8"))
            for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".toml")
        }
        self._signs = Patterns({name: words["sign"] for name, words in lists.items()})
        self._languages = {name: _language(name, words) for name, words in lists.items()}

    def speaks(self, text: str) -> list[Language]:
        """The languages that may be in `text`."""
        return [self._languages[name] for name in self._signs.present(text)]


def _language(name: str, words: dict[str, dict[str, list[str]]]) -> Language:
    macros: dict[str, str] = words.get("macros", {})  # type: ignore[assignment]
    lists = {concept: list(patterns) for concept, patterns in words["concepts"].items()}
    for concept, other in _ALSO.items():
        lists[concept] = [*lists.get(concept, []), *lists.get(other, [])]
    patterns = {concept: _pattern(parts, macros) for concept, parts in lists.items() if parts}
    alone = {concept: Patterns({concept: pattern}) for concept, pattern in patterns.items()}
    anchors = [concept for concept in patterns if concept in anchor_concepts()]
    count = -(-len(anchors) // _GROUP_SIZE)
    groups = tuple(
        Patterns({concept: patterns[concept] for concept in anchors[start::count]}) for start in range(count)
    )
    return Language(name=name, alone=alone, groups=groups)


def _pattern(parts: list[str], macros: dict[str, str]) -> str:
    joined = "|".join(f"(?:{part})" for part in parts)
    for name, text in macros.items():
        joined = joined.replace(f"{{{name}}}", text)
    joined = joined.replace(r"[^.\n]", r"(?:[^.\n]|\.\w)")
    return joined.replace(" ?", r"\s?").replace(" ", r"\s+")


@cache
def lexicon() -> Lexicon:
    return Lexicon()
