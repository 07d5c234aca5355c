"""Secrets at rest open with the right key in the right place, and nowhere else."""

from __future__ import annotations

import copy
import pickle
import traceback
from base64 import b64encode
from dataclasses import replace

import pytest

from skillyard.infra.envelope import Keyring, Sealed, Secret, SecretNotReadable, read_keys

TEXT = "sk-a-secret-that-nobody-sees"
OLD, NEW = b"o" * 32, b"n" * 32
PLACE = ("cred_1", "usr_ada", "openai")


def sealed(ring: Keyring) -> Sealed:
    return ring.seal(Secret(TEXT), *PLACE)


def test_a_secret_opens_where_it_belongs() -> None:
    ring = Keyring({"a": OLD})
    assert ring.open(sealed(ring), *PLACE).reveal() == TEXT


def test_two_records_of_the_same_secret_have_nothing_in_common() -> None:
    ring = Keyring({"a": OLD})
    one, other = sealed(ring), sealed(ring)
    assert not {one.wrapped_key, one.nonce, one.content} & {other.wrapped_key, other.nonce, other.content}


@pytest.mark.parametrize("place", [("cred_2", *PLACE[1:]), ("cred_1", "usr_eve", "openai"), PLACE[:2], ()])
def test_a_record_that_was_moved_to_another_owner_does_not_open(place: tuple[str, ...]) -> None:
    ring = Keyring({"a": OLD})
    with pytest.raises(SecretNotReadable, match="moved"):
        ring.open(sealed(ring), *place)


@pytest.mark.parametrize("part", ["wrapped_key", "nonce", "content"])
def test_one_changed_bit_keeps_it_shut(part: str) -> None:
    ring = Keyring({"a": OLD})
    record = sealed(ring)
    value = bytearray(getattr(record, part))
    value[0] ^= 1
    with pytest.raises(SecretNotReadable):
        ring.open(replace(record, **{part: bytes(value)}), *PLACE)


def test_parts_that_were_cut_off_keep_it_shut() -> None:
    ring = Keyring({"a": OLD})
    record = sealed(ring)
    for part in ("wrapped_key", "nonce", "content"):
        with pytest.raises(SecretNotReadable):
            ring.open(replace(record, **{part: b""}), *PLACE)


def test_a_new_key_wraps_anew_and_leaves_the_content() -> None:
    record = sealed(Keyring({"old": OLD}))
    anew = Keyring({"new": NEW, "old": OLD}).wrap_anew(record)
    assert (anew.key_name, anew.content, anew.nonce) == ("new", record.content, record.nonce)
    assert Keyring({"new": NEW}).open(anew, *PLACE).reveal() == TEXT


def test_a_key_that_is_not_there_is_named() -> None:
    with pytest.raises(SecretNotReadable, match="vault key old"):
        Keyring({"new": NEW}).open(sealed(Keyring({"old": OLD})), *PLACE)
    with pytest.raises(SecretNotReadable, match="old is not the key"):
        Keyring({"old": NEW}).open(sealed(Keyring({"old": OLD})), *PLACE)


def test_a_secret_is_not_printed_formatted_or_copied() -> None:
    secret = Secret(TEXT)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret]), repr({"a": secret})]
    assert not [text for text in shown if TEXT in text]
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            take(secret)


def test_a_traceback_shows_neither_secret_nor_key() -> None:
    ring = Keyring({"a": OLD})
    try:
        ring.open(replace(sealed(ring), content=b"x" * 40), *PLACE)
    except SecretNotReadable:
        told = traceback.format_exc()
    assert TEXT not in told
    assert "oooo" not in told + repr(ring)


def test_keys_are_read_the_newest_first() -> None:
    text = f" 2027={b64encode(NEW).decode()}\n2026={b64encode(OLD).decode()} "
    assert list(read_keys(text).items()) == [("2027", NEW), ("2026", OLD)]
    assert read_keys("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "bm8gbmFtZQ==", "=aaaa", "a=", "a=not!base64", f"a={b64encode(b'short').decode()}",
        f"database={b64encode(NEW).decode()}", f"UPPER={b64encode(NEW).decode()}",
        f"a={b64encode(NEW).decode()} a={b64encode(OLD).decode()}",
    ],
)  # fmt: skip
def test_keys_that_make_no_sense_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ValueError, match="SKILLYARD_VAULT_KEYS") as refused:
        read_keys(text)
    assert not [part for part in text.replace("=", " ").split() if len(part) > 5 and part in str(refused.value)]
