"""SKILL.md: fields of the front matter merge one by one, and stay as they were written."""

from __future__ import annotations

import pytest

from skillyard.skill.front_matter import parse_front_matter
from skillyard.skill.merge.skills import merge_skills

BASE = """---
name: pdf
# who it is for
description: Reads PDF files.
license: MIT
metadata:
  version: "1.0.0"
  author: ada
tags: [pdf]
---

# PDF

Read the file.

Write the file.
"""


def changed(*edits: tuple[str, str], text: str = BASE) -> str:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def merge(ours: str, theirs: str, base: str = BASE) -> str:
    """The text of a merge without conflicts."""
    found = merge_skills(*({"SKILL.md": text.encode()} for text in (base, ours, theirs)))
    assert not found.conflicts, found.conflicts
    return found.files["SKILL.md"].decode()


def conflicts(ours: str, theirs: str, base: str = BASE) -> list[tuple[str, str | None]]:
    found = merge_skills(*({"SKILL.md": text.encode()} for text in (base, ours, theirs)))
    return [(one.kind, one.where) for one in found.conflicts]


def test_neighbouring_fields_are_in_nobodys_way() -> None:
    ours = changed(("Reads PDF files.", "Reads and writes PDF files."))
    theirs = changed(("license: MIT", "license: Apache-2.0"))
    both = changed(("Reads PDF files.", "Reads and writes PDF files."), ("license: MIT", "license: Apache-2.0"))
    assert merge(ours, theirs) == merge(theirs, ours) == both


def test_neighbouring_values_within_a_field_are_in_nobodys_way() -> None:
    ours, theirs = changed(('"1.0.0"', '"1.1.0"')), changed(("author: ada", "author: grace"))
    assert merge(ours, theirs) == changed(('"1.0.0"', '"1.1.0"'), ("author: ada", "author: grace"))


def test_fields_that_both_add_both_come_in_where_they_stood() -> None:
    ours = changed(("license: MIT\n", "license: MIT\nhomepage: https://example.org\n"))
    theirs = changed(("license: MIT\n", "license: MIT\ncompatibility: claude\n"))
    text = merge(ours, theirs)
    assert set(parse_front_matter(text).values) == {*parse_front_matter(ours).values, "compatibility"}
    assert "license: MIT\ncompatibility: claude\nhomepage: https://example.org\nmetadata:" in text


def test_maps_that_both_add_are_merged_by_their_keys() -> None:
    base = changed(('metadata:\n  version: "1.0.0"\n  author: ada\n', ""))
    ours = changed(("tags: [pdf]", "metadata:\n  author: ada\ntags: [pdf]"), text=base)
    theirs = changed(("tags: [pdf]", 'metadata:\n  version: "2"\ntags: [pdf]'), text=base)
    assert parse_front_matter(merge(ours, theirs, base)).values["metadata"] == {"author": "ada", "version": "2"}


def test_comments_above_a_map_are_nobodys_to_lose() -> None:
    base = changed(("metadata:\n", "# by whom\n# and when\n# ever\nmetadata:\n"))
    ours, theirs = changed(("# by", "# BY"), text=base), changed(("# ever\n", "# ever, ever\n"), text=base)
    assert merge(ours, theirs, base) == changed(("# by", "# BY"), ("# ever\n", "# ever, ever\n"), text=base)
    assert conflicts(ours, changed(("# by", "# By"), text=base), base) == [("field", "metadata")]


def test_a_field_that_only_one_side_removed_is_gone_with_its_comment() -> None:
    ours = changed(("# who it is for\ndescription: Reads PDF files.\n", "description: Reads PDF files.\n"))
    theirs = changed(("license: MIT\n", ""))
    assert merge(ours, theirs) == changed(("# who it is for\n", ""), ("license: MIT\n", ""))


def test_order_comments_and_quotes_stay_as_they_were_written() -> None:
    ours = changed(("license: MIT\n", "license:   'MIT'   # short\n"), ("tags: [pdf]", "tags:\n  - pdf\n  - text"))
    theirs = changed(("# PDF\n", "# PDF files\n"))
    assert merge(ours, theirs) == changed(("# PDF\n", "# PDF files\n"), text=ours)


def test_the_same_field_changed_on_both_sides_is_a_conflict_that_names_it() -> None:
    ours, theirs = changed(("Reads PDF files.", "One.")), changed(("Reads PDF files.", "Two."))
    assert conflicts(ours, theirs) == [("field", "description")]
    ours, theirs = changed(('"1.0.0"', '"1.1.0"')), changed(('"1.0.0"', '"2.0.0"'))
    assert conflicts(ours, theirs) == [("field", "metadata.version")]


def test_a_field_removed_here_and_changed_there_is_a_conflict() -> None:
    assert conflicts(changed(("license: MIT\n", "")), changed(("MIT", "BSD"))) == [("field", "license")]


def test_a_conflict_in_the_text_leaves_the_front_matter_merged() -> None:
    ours = changed(("license: MIT", "license: BSD"), ("Read the file.", "Read it."))
    theirs = changed(("Reads PDF", "Reads all PDF"), ("Read the file.", "Read them."))
    found = merge_skills(*({"SKILL.md": text.encode()} for text in (BASE, ours, theirs)))
    assert [(one.kind, one.where) for one in found.conflicts] == [("text", None)]
    values = parse_front_matter(found.files["SKILL.md"].decode()).values
    assert (values["license"], values["description"]) == ("BSD", "Reads all PDF files.")


def test_paragraphs_of_a_long_description_merge_by_lines() -> None:
    base = changed(("description: Reads PDF files.", "description: >\n  One.\n\n  Two.\n\n  # Three: not a comment."))
    ours, theirs = changed(("One.", "1."), text=base), changed(("Three", "3"), text=base)
    assert merge(ours, theirs, base) == changed(("One.", "1."), ("Three", "3"), text=base)


@pytest.mark.parametrize(
    "field",
    [
        "description: |\n  name: not a field\n  license: neither",
        'description: "two\n  lines: of it"',
        "description: {a: b}",
        "? description\n: strange",
        "\"description\": 'quoted: key'",
    ],
)
def test_what_only_looks_like_fields_never_yields_other_values_than_were_chosen(field: str) -> None:
    base = changed(("description: Reads PDF files.", field))
    ours, theirs = changed(("MIT", "BSD"), text=base), changed(("author: ada", "author: grace"), text=base)
    found = merge_skills(*({"SKILL.md": text.encode()} for text in (base, ours, theirs)))
    if found.is_clean and "?" not in field:
        values = dict(parse_front_matter(found.files["SKILL.md"].decode()).values)
        before = dict(parse_front_matter(base).values)
        assert values == {**before, "license": "BSD", "metadata": {"version": "1.0.0", "author": "grace"}}
    else:
        assert all(text in found.files["SKILL.md"].decode() for text in ("BSD", "grace"))


def test_both_add_the_same_field_in_other_places_and_it_stands_once() -> None:
    ours = changed(("license: MIT\n", "homepage: https://example.org\nlicense: MIT\n"))
    theirs = changed(("tags: [pdf]\n", "tags: [pdf]\nhomepage: https://example.org\n"))
    assert merge(ours, theirs) == ours


def test_a_broken_front_matter_is_merged_by_lines() -> None:
    ours = changed(("name: pdf", "name: [pdf"))
    theirs = changed(("Write the file.", "Write it."))
    assert merge(ours, theirs) == changed(("Write the file.", "Write it."), text=ours)


def test_windows_line_ends_change_nothing_about_fields() -> None:
    ours = changed(("license: MIT", "license: BSD")).replace("\n", "\r\n")
    theirs = changed(("Reads PDF", "Reads all PDF"))
    expected = changed(("license: MIT", "license: BSD"), ("Reads PDF", "Reads all PDF")).replace("\n", "\r\n")
    assert merge(ours, theirs) == expected
