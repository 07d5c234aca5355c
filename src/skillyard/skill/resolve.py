"""Requirements → one consistent set of versions, or a reason why not that a person understands.

A fast path spreads what is required until nothing changes, which solves nearly everything. Where it gets stuck,
PubGrub (https://nex3.medium.com/pubgrub-2fb6470504f, by nab-resolver) searches, and its proof becomes the explanation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.versions import Range, Version

ROOT = ""  # the project itself, which has no name
_MOST_STEPS_PER_SKILL = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release that may be chosen. `dependencies`: name → range. A yanked one is chosen only if locked."""

    version: str
    dependencies: Mapping[str, str] = field(default_factory=dict)
    yanked: bool = False


class Source(Protocol):
    """Where candidates come from; asked at most once per name."""

    def candidates(self, name: str) -> Sequence[Candidate] | None:
        """Every release, in any order; None when there is no such skill."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The chosen set: a version per name, what each needs, and who asked for each (`""` is the project)."""

    versions: Mapping[str, str]
    dependencies: Mapping[str, Mapping[str, str]]
    requested_by: Mapping[str, Sequence[str]]


class ResolutionError(SkillError):
    """No set of versions satisfies everything. `explanation` says why, a sentence per line."""

    def __init__(self, explanation: Sequence[str], conflicts: Sequence[str], hint: str, code: str) -> None:
        self.explanation = "\n".join(explanation)
        self.conflicts = tuple(conflicts)
        super().__init__([Fault(code=code, message=" ".join(explanation), hint=hint)])


def resolve(
    requirements: Mapping[str, str],
    source: Source,
    *,
    locked: Mapping[str, str] | None = None,
    prefer: Literal["highest"] = "highest",
) -> Resolution:
    """Choose one version per name: the locked one where it fits, else the highest.

    Raises ResolutionError when it is impossible, SkillError for a range that cannot be read. The same input always
    gives the same answer. Cycles are fine.
    """
    del prefer
    catalog = _Catalog(source, locked or {})
    chosen = _Spread(catalog, requirements).run()
    if chosen is None:
        chosen = _search(catalog, requirements)
    return _describe(requirements, chosen)


def why(resolution: Resolution, requirements: Mapping[str, str], name: str) -> list[list[str]]:
    """Every shortest chain `[root, …, name]` from each of the project's own requirements that leads to `name`."""
    chains = []
    for root in sorted(requirements):
        chain = _shortest_chain(resolution, root, name)
        if chain:
            chains.append(chain)
    return chains


def _shortest_chain(resolution: Resolution, root: str, name: str) -> list[str]:
    came_from: dict[str, str] = {root: ROOT}
    waiting = [root]
    for current in waiting:
        if current == name:
            break
        for needed in sorted(resolution.dependencies.get(current, {})):
            if needed not in came_from:
                came_from[needed] = current
                waiting.append(needed)
    chain = []
    while name in came_from and name != ROOT:
        chain.append(name)
        name = came_from[name]
    return chain[::-1]


@dataclass(slots=True)
class _Entry:
    """What is known of one name: its candidates from best to worst, with parsed versions."""

    versions: list[Version]
    candidates: list[Candidate]


class _Catalog:
    """Candidates in order of preference, each name looked up once, each range matched once."""

    def __init__(self, source: Source, locked: Mapping[str, str]) -> None:
        self._source = source
        self._locked = locked
        self._entries: dict[str, _Entry | None] = {}
        self._matches: dict[tuple[str, str], tuple[int, ...]] = {}

    def entry(self, name: str) -> _Entry | None:
        if name not in self._entries:
            self._entries[name] = self._look_up(name)
        return self._entries[name]

    def matches(self, name: str, text: str) -> tuple[int, ...]:
        """Indices of the candidates that a range admits, best first; a locked pre-release counts as admitted."""
        key = (name, text)
        if key not in self._matches:
            entry = self.entry(name)
            accepted = Range.parse(text)
            locked = self._locked.get(name)
            self._matches[key] = tuple(
                number
                for number, version in enumerate(entry.versions if entry else ())
                if accepted.contains(version, include_prerelease=version.text == locked)
            )
        return self._matches[key]

    def candidate(self, name: str, number: int) -> Candidate:
        entry = self.entry(name)
        assert entry is not None
        return entry.candidates[number]

    def _look_up(self, name: str) -> _Entry | None:
        found = self._source.candidates(name)
        if found is None:
            return None
        locked = self._locked.get(name)
        usable = [(Version.parse(one.version), one) for one in found if not one.yanked or one.version == locked]
        usable.sort(key=lambda pair: (pair[1].version == locked, pair[0].key, pair[1].version), reverse=True)
        return _Entry([version for version, _ in usable], [one for _, one in usable])


class _Spread:
    """The fast path: give each name the best candidate that all who ask for it accept, until nothing changes."""

    def __init__(self, catalog: _Catalog, requirements: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._asked: dict[str, dict[str, str]] = {}  # name → who asks → range
        self._chosen: dict[str, int] = {}
        self._waiting: dict[str, None] = {}  # ordered
        for name, text in sorted(requirements.items()):
            self._ask(ROOT, name, text)

    def run(self) -> dict[str, Candidate] | None:
        """The chosen candidates; None where it gets stuck, which proves nothing."""
        steps = 0
        while self._waiting:
            name = next(iter(self._waiting))
            del self._waiting[name]
            best = self._best(name)
            steps += 1
            if (best is None and self._asked.get(name)) or steps > _MOST_STEPS_PER_SKILL * len(self._asked):
                return None
            self._choose(name, best)
        return {name: self._catalog.candidate(name, number) for name, number in self._chosen.items()}

    def _best(self, name: str) -> int | None:
        """The first candidate that everybody accepts; None when nobody asks any more, or none is left."""
        texts = list(dict.fromkeys(self._asked.get(name, {}).values()))
        if not texts:
            return None
        common = self._catalog.matches(name, texts[0])
        for text in texts[1:]:
            others = set(self._catalog.matches(name, text))
            common = tuple(number for number in common if number in others)
        return common[0] if common else None

    def _choose(self, name: str, best: int | None) -> None:
        before = self._chosen.get(name)
        if best == before:
            return
        if before is not None:
            for needed in self._catalog.candidate(name, before).dependencies:
                self._unask(name, needed)
        if best is None:
            self._chosen.pop(name, None)
            return
        self._chosen[name] = best
        for needed, text in self._catalog.candidate(name, best).dependencies.items():
            self._ask(name, needed, text)

    def _ask(self, who: str, name: str, text: str) -> None:
        self._asked.setdefault(name, {})[who] = text
        self._waiting[name] = None

    def _unask(self, who: str, name: str) -> None:
        self._asked[name].pop(who, None)
        self._waiting[name] = None


def _describe(requirements: Mapping[str, str], chosen: Mapping[str, Candidate]) -> Resolution:
    """Keep what the requirements lead to; cycles that nothing leads to any more fall away."""
    reached: dict[str, list[str]] = {}
    waiting = [(ROOT, name) for name in sorted(requirements)]
    for who, name in waiting:
        if name not in reached:
            reached[name] = []
            waiting += [(name, needed) for needed in sorted(chosen[name].dependencies)]
        reached[name].append(who)
    return Resolution(
        versions={name: chosen[name].version for name in sorted(reached)},
        dependencies={name: dict(sorted(chosen[name].dependencies.items())) for name in sorted(reached)},
        requested_by={name: tuple(sorted(reached[name])) for name in sorted(reached)},
    )


def _search(catalog: _Catalog, requirements: Mapping[str, str]) -> dict[str, Candidate]:
    """PubGrub over the indices of candidates; raises ResolutionError with its proof put into words."""
    from nab_resolver import errors as nab_errors
    from nab_resolver.resolver import Resolver

    from skillyard.skill.pubgrub import CatalogProvider, indices

    resolver: Any = Resolver(CatalogProvider(catalog))
    wanted = {name: indices(catalog.matches(name, text)) for name, text in sorted(requirements.items())}
    try:
        pins = resolver.resolve(wanted)
    except nab_errors.ResolutionTerminatedError as error:
        explanation = ["The search for versions that fit together was given up: there are too many combinations."]
        hint = "Ask for exact versions of some skills."
        raise ResolutionError(explanation, (), hint, "resolution_too_hard") from error
    except nab_errors.ResolutionError as error:
        facts = list(_facts(catalog, requirements, error.incompatibility))
        raise _explained(catalog, facts) from error
    return {name: catalog.candidate(name, number) for name, number in pins.items()}


@dataclass(frozen=True, slots=True)
class _Fact:
    """`who` (a version of it) needs `name` in `text`. `who` is ROOT for the project."""

    who: str
    version: str
    name: str
    text: str


def _facts(catalog: _Catalog, requirements: Mapping[str, str], proof: Any) -> Iterator[_Fact]:
    """The plain requirements that the proof rests on, in its order."""
    from nab_resolver.types import IncompatibilityCause

    for step in proof.walk() if proof is not None else ():
        if step.cause is IncompatibilityCause.ROOT:
            for term in step.terms:
                if term.package in requirements:
                    yield _Fact(ROOT, "", term.package, requirements[term.package])
        elif step.cause is IncompatibilityCause.DEPENDENCY and len(step.terms) == 2:
            first, second = step.terms
            entry = catalog.entry(first.package)
            for number, candidate in enumerate(entry.candidates if entry else ()):
                if number in first.constraint and second.package in candidate.dependencies:
                    text = candidate.dependencies[second.package]
                    yield _Fact(first.package, candidate.version, second.package, text)


def _explained(catalog: _Catalog, facts: list[_Fact]) -> ResolutionError:
    missing = sorted({fact.name for fact in facts if catalog.entry(fact.name) is None})
    if missing:
        relevant = [fact for fact in facts if fact.name in missing]
        lines = [*_sentences(relevant), f"There is no skill {' and no skill '.join(missing)}, or you may not see it."]
        return ResolutionError(lines, missing, "Check the names; sign in if they are private.", "skill_missing")
    contested = _contested(catalog, facts)
    endings = []
    for name in contested:
        entry = catalog.entry(name)
        offered = ", ".join(version.text for version in (entry.versions if entry else ())[:5])
        wanted = {fact.text for fact in facts if fact.name == name}
        verb = "satisfies that" if len(wanted) == 1 else "satisfies all of that together"
        endings.append(f"No version of {name} {verb} (there are {offered})." if offered else f"{name} has no release.")
    hint = "Ask for another version of one of them, or ask its author for a release that fits."
    return ResolutionError([*_sentences(facts), *endings], contested, hint, "resolution_conflict")


def _contested(catalog: _Catalog, facts: list[_Fact]) -> list[str]:
    """Names of which no candidate is accepted by all who ask in the proof."""
    asked: dict[str, set[str]] = {}
    for fact in facts:
        asked.setdefault(fact.name, set()).add(fact.text)
    return sorted(
        name
        for name, texts in asked.items()
        if not set.intersection(*(set(catalog.matches(name, text)) for text in texts))
    )


def _sentences(facts: Sequence[_Fact]) -> list[str]:
    """Facts that differ only in the version of who asks become one sentence."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for fact in facts:
        versions = grouped.setdefault((fact.who, fact.name, fact.text), [])
        if fact.version not in versions:
            versions.append(fact.version)
    sentences = []
    for (who, name, text), versions in grouped.items():
        shown = ", ".join(versions[:4]) + (f" and {len(versions) - 4} more" if len(versions) > 4 else "")
        subject = "Your project" if who == ROOT else f"{who} {shown}"
        sentences.append(f"{subject} needs {name} {text or '*'}.")
    return sentences
