"""One question, one answer: which versions satisfy these requirements, and everything an install of them needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.errors import ClosureTooLarge, ReleaseNotFound, ResolutionConflict, SkillNotFound
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release, Visibility
from skillyard.domain.registry.search import suggest
from skillyard.domain.registry.sight import Facts, Sight, look_at
from skillyard.domain.registry.store import releases, skills
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Row, Tx
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.names import SkillName
from skillyard.skill.resolve import Candidate, ResolutionError, resolve
from skillyard.skill.versions import Range, is_version

_MOST_SKILLS = 5000
_MOST_WITHHELD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A chosen release with its files; `requested_by` are the skills that need it, `""` is the project itself."""

    release: Release
    requested_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """All that an install needs, in the order of names, and the version of each skill that was asked for."""

    packages: tuple[Package, ...]
    roots: Mapping[str, str]


def resolve_closure(
    app: App,
    caller: Caller,
    *,
    requirements: Mapping[str, str],
    locked: Mapping[str, str],
    min_age_s: int = 0,
) -> Closure:
    """`requirements`: name → range or channel; `locked`: name → version to keep where it still fits. `min_age_s`:
    releases younger than this are passed over, unless they are locked.

    Raises SkillError with every fault of the request, SkillNotFound, ReleaseNotFound for a channel that there is not,
    ResolutionConflict with an explanation, ClosureTooLarge, or PurchaseRequired for what must be bought first.
    """
    wanted = _check_request(requirements, locked)
    with app.database.reading() as tx:
        offer = _load_offer(tx, caller, sorted(wanted), young_from_ms=app.clock.now_ms() - min_age_s * 1000)
        channels = skills.list_channels(tx, [name for name in wanted if offer.candidates(name) is not None])
    for name in wanted:
        if offer.candidates(name) is None:
            raise SkillNotFound(name=name, suggestions=suggest(app, caller, name))
    exact = {name: _without_channel(name, text, channels[name], offer) for name, text in wanted.items()}
    try:
        resolution = resolve(exact, offer, locked=locked)
    except ResolutionError as error:
        explanation = "\n".join([error.explanation, *offer.withheld(error.explanation)])
        raise ResolutionConflict(explanation=explanation, conflicts=list(error.conflicts)) from error
    for name in resolution.versions:
        offer.sights[name].must_take()
    chosen = _load_chosen(app, [offer.ids[pair] for pair in resolution.versions.items()])
    packages = [Package(release=one, requested_by=tuple(resolution.requested_by[one.name])) for one in chosen]
    return Closure(packages=tuple(packages), roots={name: resolution.versions[name] for name in wanted})


@dataclass(frozen=True, slots=True)
class _Offer:
    """Every release that the requirements may lead to, as far as the caller may see it."""

    known: dict[str, list[Candidate]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    kept_back: dict[str, list[str]] = field(default_factory=dict)
    sights: dict[str, Sight] = field(default_factory=dict)

    def candidates(self, name: str) -> Sequence[Candidate] | None:
        return self.known.get(name)

    def withheld(self, explanation: str) -> list[str]:
        """For each skill that a conflict is about: what there is and is not offered, and why."""
        return [
            f"Not offered of {name}: {', '.join(kept_back[:_MOST_WITHHELD])}."
            for name, kept_back in sorted(self.kept_back.items())
            if name in explanation
        ]


def _load_offer(tx: Tx, caller: Caller, names: Sequence[str], *, young_from_ms: int) -> _Offer:
    """One query per depth of the graph, whatever its width."""
    offer, looked_up = _Offer(), set(names)
    while names:
        found: set[str] = set()
        rows = releases.list_candidates(tx, names)
        offer.sights.update(look_at(tx, caller, {row["skill"]: _facts(row) for row in rows}.values()))
        for row in rows:
            name, dependencies = row["skill"], orjson.loads(row["dependencies"])
            if name in offer.sights:
                why_not = _why_not_offered(row, young_from_ms)
                candidate = Candidate(version=row["version"], dependencies=dependencies, yanked=bool(why_not))
                if why_not:
                    offer.kept_back.setdefault(name, []).append(f"{row['version']} ({why_not})")
                offer.known.setdefault(name, []).append(candidate)
                offer.ids[name, row["version"]] = row["id"]
                found.update(dependencies)
        names = sorted(found - looked_up)
        looked_up.update(names)
        if len(looked_up) > _MOST_SKILLS:
            raise ClosureTooLarge(most=_MOST_SKILLS)
    return offer


def _facts(row: Row) -> Facts:
    return Facts(
        name=row["skill"],
        visibility=Visibility(row["visibility"]),
        is_for_sale=bool(row["is_for_sale"]),
        is_sealed=bool(row["is_sealed"]),
    )


def _why_not_offered(row: Row, young_from_ms: int) -> str:
    """Empty for a release that may be chosen by somebody who has not locked it."""
    status = Status(row["status"])
    if not status.is_offered:
        return status.value
    if row["yanked_ms"] is not None:
        return "yanked"
    return "younger than the age you ask for" if row["published_ms"] > young_from_ms else ""


def _load_chosen(app: App, ids: Sequence[str]) -> list[Release]:
    with app.database.reading() as tx:
        chosen = releases.list_whole(tx, ids)
        channels = skills.list_channels(tx, [release.name for release in chosen])
    return sorted((_with_channels(release, channels[release.name]) for release in chosen), key=lambda one: one.name)


def _with_channels(release: Release, channels: Mapping[str, str]) -> Release:
    pointing = tuple(channel for channel, version in channels.items() if version == release.version)
    return replace(release, channels=pointing)


def _without_channel(name: str, text: str, channels: Mapping[str, str], offer: _Offer) -> str:
    """The range itself, or the version that the channel points to."""
    if not rules.is_channel(text):
        return text
    if text == DEFAULT_CHANNEL and text not in channels:
        explanation = "\n".join([f"Nothing of {name} is on offer.", *offer.withheld(name)])
        raise ResolutionConflict(explanation=explanation, conflicts=[])
    if text not in channels:
        raise ReleaseNotFound(name=name, version=text)
    return channels[text]


def _check_request(requirements: Mapping[str, str], locked: Mapping[str, str]) -> dict[str, str]:
    """The requirements by plain names. Raises SkillError with every fault of both."""
    wanted: dict[str, str] = {}
    faults: list[Fault] = []
    for name, text in requirements.items():
        try:
            wanted[str(SkillName.parse(name))] = text.strip()
            if not rules.is_channel(text.strip()):
                Range.parse(text)
        except SkillError as error:
            faults += error.faults
    for name, version in locked.items():
        if not is_version(version):
            message = f"{name[:130]!a} is locked to {version[:60]!a}, which is no version"
            faults.append(Fault(code="bad_version", message=message, hint="Lock exact versions such as 1.4.0."))
    if faults:
        raise SkillError(faults)
    return wanted
