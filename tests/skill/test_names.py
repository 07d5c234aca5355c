import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import SkillError
from skillyard.skill.names import (
    MAX_NAME_CHARS,
    RESERVED_NAMESPACES,
    SkillName,
    check_name,
    check_namespace,
    is_lookalike,
    lookalikes,
    skeleton,
)

names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)


@pytest.mark.parametrize("name", ["a", "7", "pdf", "pdf-tools", "a-b-c-1", "x" * 64])
def test_lower_case_letters_digits_and_inner_hyphens_are_a_name(name):
    assert check_name(name) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "empty"),
        (7, "not text"),
        (None, "not text"),
        ("x" * 65, "65 characters, 64 are allowed"),
        ("PDF", "upper-case"),
        ("p\u0434f", "'\\u0434'"),
        ("a b", "' '"),
        ("a_b", "'_'"),
        ("a/b", "'/'"),
        ("pdf\n", "'\\n'"),
        ("-pdf", "hyphen"),
        ("pdf-", "hyphen"),
        ("p--df", "two hyphens"),
        ("con", "device on Windows"),
        ("lpt1", "device on Windows"),
        ("\u0661", "'\\u0661'"),
    ],
)
def test_every_other_name_is_refused_with_its_reason(name, said):
    assert said in " ".join(str(fault) for fault in check_name(name))


def test_all_that_is_wrong_with_a_name_is_said_at_once():
    said = [fault.message for fault in check_name("-My__Skill--" + "x" * 64, what="slug", file="SKILL.md", line=2)]
    assert len(said) == 5
    assert all(text.startswith("the slug ") for text in said)


def test_a_fault_says_where_the_name_stands():
    (fault,) = check_name("Pdf", file="SKILL.md", line=2)
    assert (fault.code, fault.file, fault.line, fault.hint) == ("bad_name", "SKILL.md", 2, "use pdf")


@given(st.text(min_size=1))
def test_the_suggested_name_is_always_a_valid_one(name):
    for fault in check_name(name):
        assert check_name(fault.hint.removeprefix("use ")) == []


@given(st.text())
def test_messages_about_names_are_plain_ascii(name):
    assert all(str(fault).isascii() and str(fault).isprintable() for fault in check_name(name))


@given(st.text(alphabet="abAB01-_.\u00e9\n", max_size=70))
def test_a_name_without_faults_fits_the_pattern_and_the_other_way_round(name):
    fits = re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name) is not None and len(name) <= MAX_NAME_CHARS
    assert (check_name(name) == []) == fits


def test_reserved_namespaces_cannot_be_created():
    (fault,) = check_namespace("api")
    assert fault.code == "reserved_name"
    assert check_namespace("acme") == []
    assert check_namespace("Acme")[0].code == "bad_name"


def test_all_reserved_namespaces_are_names_otherwise():
    assert [name for name in RESERVED_NAMESPACES if check_name(name)] == []


def test_a_skill_name_is_namespace_and_slug_with_or_without_an_at_sign():
    assert SkillName.parse("acme/pdf") == SkillName.parse("@acme/pdf") == SkillName("acme", "pdf")
    assert str(SkillName.parse("@acme/pdf")) == "acme/pdf"


@pytest.mark.parametrize(
    "text", ["pdf", "", "/", "@", "acme/", "/pdf", "a/b/c", "@@a/b", "Acme/pdf", "acme/p df", "acme\\pdf"]
)
def test_other_spellings_of_a_skill_name_are_refused(text):
    with pytest.raises(SkillError):
        SkillName.parse(text)


def test_faults_of_namespace_and_slug_come_together():
    with pytest.raises(SkillError) as refused:
        SkillName.parse("Acme/-pdf")
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("paypal", "paypa1"),
        ("paypal", "pay-pal"),
        ("paypal", "Pay_Pai"),
        ("tools", "t00ls"),
        ("modern", "modem"),
        ("web", "vveb"),
        ("pdf", "p-d-f"),
        ("paypal", "p\u0430yp\u0430l"),
        ("scope", "\u0455\u0441\u043e\u0440\u0435"),
        ("paypal", "\uff50aypal"),
        ("paypal", "pa\u0301ypal"),
        ("paypal", "pay\u200bpal"),
        ("github", "g\u0131thub"),
        ("github", "gitbub"),
        ("github", "githubs"),
        ("github", "gthub"),
        ("github", "gihtub"),
        ("github", "ithub"),
    ],
)
def test_names_that_a_person_may_confuse_are_lookalikes(a, b):
    assert is_lookalike(a, b)
    assert is_lookalike(b, a)


@pytest.mark.parametrize(
    ("a", "b"), [("pdf", "pdf"), ("pdf", "pdx"), ("cat", "bat"), ("github", "gitlabs"), ("tools", "toolset")]
)
def test_names_that_differ_enough_are_not_lookalikes(a, b):
    assert not is_lookalike(a, b)


def test_lookalikes_lists_the_similar_ones_in_their_order():
    assert lookalikes("github", ["gitlab", "g1thub", "github", "githab", "git-hub"]) == ["g1thub", "githab", "git-hub"]


@given(names, names)
def test_looking_alike_is_mutual_and_never_of_a_name_with_itself(a, b):
    assert is_lookalike(a, b) == is_lookalike(b, a)
    assert not is_lookalike(a, a)


@given(names, st.data())
def test_every_single_slip_in_a_long_name_is_seen(name, data):
    name = name + "abcde"
    at = data.draw(st.integers(0, len(name) - 2))
    char = data.draw(st.sampled_from("abcxyz0189"))
    slips = [
        name[:at] + char + name[at:],
        name[:at] + name[at + 1 :],
        name[:at] + char + name[at + 1 :],
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    ]
    assert all(slip == name or is_lookalike(name, slip) for slip in slips)


@given(st.text())
def test_a_skeleton_is_its_own_skeleton(name):
    assert skeleton(skeleton(name)) == skeleton(name)


def test_fifty_thousand_names_are_compared_within_a_second():
    existing = [f"skill-number-{i}" for i in range(50_000)]
    started = time.process_time()
    assert lookalikes("ski11-number-77", existing)
    assert time.process_time() - started < 1
