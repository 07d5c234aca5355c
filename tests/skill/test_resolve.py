"""One consistent set of versions, or a reason that a person understands."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence

import pytest

from skillyard.skill.faults import SkillError
from skillyard.skill.resolve import Candidate, Resolution, ResolutionError, resolve, why
from skillyard.skill.versions import Range, Version

Catalog = Mapping[str, Sequence[Candidate]]


class Shelf:
    """Candidates from a table; counts how often each name is asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.asked: list[str] = []

    def candidates(self, name: str) -> Sequence[Candidate] | None:
        self.asked.append(name)
        return self.catalog.get(name)


def release(version: str, *, yanked: bool = False, **needs: str) -> Candidate:
    return Candidate(version=version, yanked=yanked, dependencies={f"a/{name}": text for name, text in needs.items()})


def solve(catalog: Catalog, locked: Mapping[str, str] | None = None, **requirements: str) -> dict[str, str]:
    wanted = {f"a/{name}": text for name, text in requirements.items()}
    return dict(resolve(wanted, Shelf(catalog), locked=locked).versions)


def refusal(catalog: Catalog, **requirements: str) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        solve(catalog, **requirements)
    return caught.value


DIAMOND: Catalog = {
    "a/report": [release("1.0.0", tables="^1.0.0", charts="^1.0.0")],
    "a/tables": [release("1.0.0", text="^1.0.0"), release("1.1.0", text="^1.1.0")],
    "a/charts": [release("1.0.0", text="^1.0.0")],
    "a/text": [release("1.0.0"), release("1.1.0"), release("2.0.0")],
}


def test_a_diamond_gets_one_version_of_its_base() -> None:
    assert solve(DIAMOND, report="*") == {
        "a/report": "1.0.0", "a/tables": "1.1.0", "a/charts": "1.0.0", "a/text": "1.1.0",
    }  # fmt: skip


def test_a_locked_version_stays_while_it_fits() -> None:
    assert solve(DIAMOND, {"a/tables": "1.0.0", "a/text": "1.0.0"}, report="*")["a/text"] == "1.0.0"
    assert solve(DIAMOND, {"a/text": "2.0.0"}, report="*")["a/text"] == "1.1.0"


def test_a_yanked_version_is_chosen_only_when_locked() -> None:
    catalog = {"a/x": [release("1.0.0"), release("1.1.0", yanked=True)]}
    assert solve(catalog, x="^1") == {"a/x": "1.0.0"}
    assert solve(catalog, {"a/x": "1.1.0"}, x="^1") == {"a/x": "1.1.0"}
    assert "There is" not in refusal({"a/x": [release("1.0.0", yanked=True)]}, x="*").explanation


def test_pre_releases_follow_npms_rule() -> None:
    catalog = {"a/x": [release("1.0.0"), release("2.0.0-rc.1")]}
    assert solve(catalog, x="*") == {"a/x": "1.0.0"}
    assert solve(catalog, x=">=2.0.0-rc.0") == {"a/x": "2.0.0-rc.1"}
    assert solve(catalog, {"a/x": "2.0.0-rc.1"}, x="*") == {"a/x": "2.0.0-rc.1"}


def test_cycles_are_fine() -> None:
    catalog = {"a/x": [release("1.0.0", y="*")], "a/y": [release("1.0.0", x="^1")]}
    assert solve(catalog, x="*") == {"a/x": "1.0.0", "a/y": "1.0.0"}


def test_what_nobody_needs_any_more_is_not_chosen() -> None:
    catalog = {
        "a/x": [release("2.0.0", y="^1", z="^1"), release("1.0.0")],
        "a/y": [release("1.0.0", x="^1")],
        "a/z": [release("1.0.0")],
    }
    assert solve(catalog, x="*") == {"a/x": "1.0.0"}


def test_a_conflict_is_told_in_sentences() -> None:
    catalog = {
        "a/report": [release("1.2.0", tables="^2.0.0", charts="^1.0.0")],
        "a/charts": [release("1.0.0", tables="^1.0.0")],
        "a/tables": [release("1.0.0"), release("2.1.0")],
    }
    error = refusal(catalog, report="^1")
    assert error.faults[0].code == "resolution_conflict"
    assert error.conflicts == ("a/tables",)
    assert set(error.explanation.splitlines()) == {
        "Your project needs a/report ^1.",
        "a/report 1.2.0 needs a/tables ^2.0.0.",
        "a/report 1.2.0 needs a/charts ^1.0.0.",
        "a/charts 1.0.0 needs a/tables ^1.0.0.",
        "No version of a/tables satisfies all of that together (there are 2.1.0, 1.0.0).",
    }


def test_a_missing_skill_names_who_asked() -> None:
    error = refusal({"a/x": [release("1.0.0", gone="^1")]}, x="*")
    assert error.faults[0].code == "skill_missing"
    assert error.conflicts == ("a/gone",)
    assert "a/x 1.0.0 needs a/gone ^1." in error.explanation


def test_an_older_version_is_taken_when_the_newest_cannot_be_satisfied() -> None:
    catalog = {"a/x": [release("2.0.0", gone="*"), release("1.0.0")]}
    assert solve(catalog, x="*") == {"a/x": "1.0.0"}


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(SkillError, match="not a version range"):
        solve({"a/x": [release("1.0.0")]}, x="nonsense!")


def test_each_name_is_looked_up_once() -> None:
    shelf = Shelf(DIAMOND)
    resolve({"a/report": "*"}, shelf)
    assert sorted(shelf.asked) == sorted(set(shelf.asked))


def test_a_deep_chain_needs_no_deep_stack() -> None:
    depth = 3000
    catalog = {f"a/p{n}": [release("1.0.0", **{f"p{n + 1}": "^1"})] for n in range(depth)}
    catalog[f"a/p{depth}"] = [release("1.0.0")]
    assert len(solve(catalog, p0="*")) == depth + 1


def test_why_shows_the_shortest_chains() -> None:
    requirements = {"a/report": "*", "a/charts": "*"}
    resolution = resolve(requirements, Shelf(DIAMOND))
    assert why(resolution, requirements, "a/text") == [
        ["a/charts", "a/text"],
        ["a/report", "a/charts", "a/text"],
    ]
    assert resolution.requested_by["a/charts"] == ("", "a/report")


def random_catalog(chance: random.Random) -> tuple[Catalog, dict[str, str]]:
    names = [f"a/p{number}" for number in range(4)]
    ranges = ["*", "1", "2", ">=2", "<3", "^1 || ^3"]

    def needs(name: str) -> dict[str, str]:
        others = chance.sample(names, chance.randint(0, 2))
        return {other: chance.choice(ranges) for other in others if other != name}

    catalog = {
        name: [Candidate(version=f"{number}.0.0", dependencies=needs(name)) for number in range(1, 4)]
        for name in names
        if chance.random() < 0.9
    }
    return catalog, {name: chance.choice(["*", "1", ">=2"]) for name in chance.sample(names, 2)}


def is_consistent(versions: Mapping[str, str], catalog: Catalog, requirements: Mapping[str, str]) -> bool:
    waiting, seen = list(requirements.items()), set[str]()
    while waiting:
        name, text = waiting.pop()
        if name not in versions or not Range.parse(text).contains(Version.parse(versions[name])):
            return False
        if name not in seen:
            seen.add(name)
            chosen = next(one for one in catalog[name] if one.version == versions[name])
            waiting += chosen.dependencies.items()
    return True


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_are_solved_exactly_when_they_can_be(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(50):
        catalog, requirements = random_catalog(chance)
        combinations = itertools.product(*catalog.values())
        solvable = any(
            is_consistent({name: one.version for name, one in zip(catalog, chosen, strict=True)}, catalog, requirements)
            for chosen in combinations
        )
        found = attempt(requirements, catalog)
        assert (found is not None) == solvable
        if found is not None:
            assert is_consistent(found.versions, catalog, requirements)
            assert found == attempt(requirements, catalog)


def attempt(requirements: Mapping[str, str], catalog: Catalog) -> Resolution | None:
    try:
        return resolve(requirements, Shelf(catalog))
    except ResolutionError:
        return None
