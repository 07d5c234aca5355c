"""Signed notes and checkpoints; the first vector is the one of the specification's reference implementation."""

from __future__ import annotations

import base64

import pytest

from skillyard.skill.faults import SkillError
from skillyard.skill.log.checkpoint import Checkpoint, open_checkpoint
from skillyard.skill.log.note import SignerKey, VerifierKey, open_note

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"
LOG = SignerKey(name="skills.example.org", seed=bytes(32))
OTHER = SignerKey(name="skills.example.org", seed=bytes(31) + b"\1")


def test_notes_of_others_open_and_ours_are_the_same_bytes() -> None:
    key = VerifierKey.read(PETER)
    assert str(key) == PETER
    assert open_note(NOTE, key) == TEXT
    peter = SignerKey(name="PeterNeumann", seed=PETERS_SEED)
    assert peter.verifier == key
    assert peter.sign(TEXT) == NOTE


def test_signatures_of_others_beside_ours_are_passed_over() -> None:
    theirs = OTHER.sign("text\n").rpartition("\n\n")[2]
    ours = LOG.sign("text\n")
    assert open_note(ours + theirs, LOG.verifier) == "text\n"
    with pytest.raises(SkillError):
        open_note(f"text\n\n{theirs}", LOG.verifier)


@pytest.mark.parametrize("position", range(0, len(NOTE.encode()), 3))
def test_a_note_bears_no_change(position: int) -> None:
    data = bytearray(NOTE.encode())
    data[position] ^= 1
    with pytest.raises(SkillError):
        open_note(data.decode(errors="replace"), VerifierKey.read(PETER))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        NOTE[:-1],
        NOTE.replace("—", "-"),
        NOTE + "\n",
        NOTE.replace("If", "\rIf"),
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(SkillError):
        open_note(note, VerifierKey.read(PETER))


@pytest.mark.parametrize(
    "text", ["", "x", "a+b+c", PETER[:-4], PETER.replace("c74f20a3", "c74f20a4"), PETER.replace("+ARpc", "+ARpd")]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(SkillError):
        VerifierKey.read(text)


def test_a_checkpoint_is_read_back() -> None:
    checkpoint = Checkpoint(origin=LOG.name, size=42, root=bytes(range(32)))
    note = checkpoint.sign(LOG)
    assert note.startswith(
        "skills.example.org\n42\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— skills.example.org "
    )
    assert open_checkpoint(note, LOG.verifier) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "skills.example.org\n42\n", "skills.example.org\n042\n" + "A" * 43 + "=\n",
        "skills.example.org\n-1\n" + "A" * 43 + "=\n",
        "skills.example.org\n1\nAAAA\n", "other.example.org\n1\n" + "A" * 43 + "=\n",
        "skillyard statement v1\n{}\n", "skills.example.org\n1\n" + "A" * 42 + "B=\n",
    ],
)  # fmt: skip
def test_what_the_log_signed_that_is_no_checkpoint_of_it_is_refused(text: str) -> None:
    with pytest.raises(SkillError):
        open_checkpoint(LOG.sign(text), LOG.verifier)
