import pytest

from skillyard.skill.dependencies import MAX_DEPENDENCIES, read_dependencies
from skillyard.skill.faults import Fault
from skillyard.skill.reading import Place


def read(value: object) -> tuple[dict[str, str] | None, list[Fault]]:
    faults: list[Fault] = []
    return read_dependencies(value, Place(faults=faults, keys=("dependencies",))), faults


@pytest.mark.parametrize(
    "value",
    [
        "acme/text-kit@^1.0.0, acme/x@>=1 <3, acme/any",
        "@acme/x@>=1  <3,\nacme/text-kit@^1.0.0\nacme/any@latest",
        ["acme/text-kit@^1.0.0", "acme/x@>=1 <3", "@acme/any"],
        {"acme/text-kit": "^1.0.0", "@acme/x": " >=1 <3 ", "acme/any": "*"},
        [
            {"namespace": "acme", "slug": "text-kit", "version_requirement": "^1.0.0"},
            {"skill": "acme/x", "version_requirement": ">=1 <3", "release_version": "1.2.0"},
            {"namespace": "acme", "skill": "any", "version_requirement": None},
        ],
    ],
)
def test_all_spellings_of_the_same_dependencies_are_the_same(value):
    assert read(value) == ({"acme/any": "*", "acme/text-kit": "^1.0.0", "acme/x": ">=1 <3"}, [])


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_stated_is_not_the_same_as_none_needed(value):
    assert read(value) == (None, [])
    assert read([]) == ({}, [])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("pdf@^1", "has no namespace"),
        ("acme/PDF", "upper-case"),
        ("acme/x@>>1", "not a version range"),
        ("acme/x@>2 <1", "no version can ever satisfy"),
        (["acme/x", 7], "dependencies[1] is not a dependency"),
        ([{}], "has no namespace"),
        ([{"namespace": "acme", "slug": ["x"]}], "is not text"),
        ({"acme/x": 1}, "is not a range of versions in quotes"),
        ({"acme/x": ["^1"]}, "is not a range of versions in quotes"),
        (7, "is not a map"),
        ("acme/x@^1, acme/x@^2", 'acme/x is wanted as "^1" and as "^2"'),
        (["acme/x@^1", {"skill": "acme/x"}], 'acme/x is wanted as "^1" and as "*"'),
    ],
)
def test_what_cannot_be_a_dependency_is_refused(value, said):
    _, faults = read(value)
    assert said in " ".join(fault.message for fault in faults)
    assert all(fault.hint and fault.severity == "error" for fault in faults)


def test_all_faults_are_said_and_the_good_ones_are_kept():
    dependencies, faults = read(["acme/a@^1", "B", "acme/c@>>1", None])
    assert dependencies == {"acme/a": "^1"}
    assert len(faults) == 3


def test_the_same_twice_is_no_contradiction():
    assert read("acme/x@^1, acme/x@^1") == ({"acme/x": "^1"}, [])


def test_there_are_not_too_many():
    many = [f"acme/s{n}" for n in range(MAX_DEPENDENCIES + 1)]
    assert read(many[:-1])[1] == []
    assert [fault.code for fault in read(many)[1]] == ["too_many"]
