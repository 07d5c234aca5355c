"""The bytes of entries."""

from __future__ import annotations

import hashlib

import pytest

from skillyard.skill.faults import SkillError
from skillyard.skill.log.leaf import Kind, Leaf, is_sealed, seal

LEAF = Leaf(
    kind=Kind.PUBLISHED, name="acme/pdf", version="1.0.0", digest="sha256:aa", archive_sha256="bb", at_ms=7, by="ada",
    details={"verdict": "pass"},
)  # fmt: skip
TEXT = (
    '{"archive_sha256":"bb","at_ms":7,"by":"ada","details":{"verdict":"pass"},"digest":"sha256:aa","format":1,'
    '"kind":"release.published","name":"acme/pdf","version":"1.0.0"}'
)


def test_an_entry_has_one_spelling() -> None:
    assert LEAF.show() == TEXT
    assert Leaf.read(TEXT) == LEAF
    assert Leaf(kind=Kind.MEMBER, name="acme", at_ms=1, by="adä").show() == (
        '{"at_ms":1,"by":"adä","format":1,"kind":"namespace.member","name":"acme"}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", TEXT + " ", TEXT.replace(":7", ": 7"), TEXT.replace('"format":1,', ""),
        TEXT.replace(":7", ":7.5"), TEXT.replace(":7", f":{2**60}"), TEXT.replace('"ada"', "3"),
        TEXT.replace('"format":1', '"format":2'), TEXT[:-1] + ',"x":1}', TEXT[:-1] + ',"version":"1.0.0"}',
    ],
)  # fmt: skip
def test_what_is_spelled_otherwise_is_no_entry(text: str) -> None:
    with pytest.raises(SkillError):
        Leaf.read(text)


def test_a_seal_shows_only_a_commitment() -> None:
    sealed = seal(TEXT, b"s" * 32)
    assert sealed == f'{{"commitment":"{hashlib.sha256(b"s" * 32 + TEXT.encode()).hexdigest()}","format":1}}'
    assert is_sealed(sealed)
    assert not is_sealed(TEXT)
    assert seal(TEXT, b"t" * 32) != sealed
