"""Addresses of TON wallets: every form is read, nothing else is, and pytoniq-core agrees."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytoniq_core import Address

from skillyard.domain.payments.ton.address import Network, WalletNotValid, read_address, show_address

RAW = "0:83dfd552e63729b472fcbcc8c45ebcc6691702558b68ec7527e1ba403a0f31a8"
accounts = st.binary(min_size=32, max_size=32).filter(any)


@given(accounts, st.booleans(), st.booleans(), st.booleans())
def test_every_form_of_another_library_is_read(
    account: bytes, is_bounceable: bool, is_url_safe: bool, is_test_only: bool
) -> None:
    address = Address((0, account))
    network: Network = "testnet" if is_test_only else "mainnet"
    text = address.to_str(is_bounceable=is_bounceable, is_url_safe=is_url_safe, is_test_only=is_test_only)
    raw = address.to_str(is_user_friendly=False)
    assert read_address(text, network) == read_address(raw.upper(), network) == raw
    assert read_address(f"  {text}\n", network) == raw


@given(accounts)
def test_what_is_shown_is_not_bounceable_and_reads_back(account: bytes) -> None:
    raw = f"0:{account.hex()}"
    assert show_address(raw, "mainnet") == Address(raw).to_str(is_bounceable=False)
    assert show_address(raw, "mainnet").startswith("UQ")
    assert show_address(raw, "testnet").startswith("0Q")
    assert read_address(show_address(raw, "mainnet"), "mainnet") == raw


@given(
    accounts, st.integers(0, 47), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
)
def test_one_wrong_character_is_always_noticed(account: bytes, place: int, character: str) -> None:
    shown = show_address(f"0:{account.hex()}", "mainnet")
    if shown[place] != character:
        with pytest.raises(WalletNotValid):
            read_address(shown[:place] + character + shown[place + 1 :], "mainnet")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "48 letters"),
        ("ada.ton", "48 letters"),
        (RAW[:-1], "48 letters"),
        ("0x:" + RAW[2:], "48 letters"),
        (RAW + "00", "48 letters"),
        (show_address(RAW, "mainnet")[:-2] + "==", "48 letters"),
        ("-1:" + RAW[2:], "workchain -1"),
        (Address((-1, bytes(31) + b"\1")).to_str(), "workchain -1"),
        ("0:" + "0" * 64, "empty address"),
        (show_address(RAW, "testnet"), "test network"),
        (Address(RAW).to_str(is_test_only=True), "test network"),
        ("A" * 48, "first byte"),
        (base64.urlsafe_b64encode(b"\x11\0" + bytes(34)).decode(), "checksum"),
    ],
)
def test_what_is_no_wallet_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(WalletNotValid, match=why):
        read_address(text, "mainnet")


def test_on_the_test_network_both_kinds_are_read() -> None:
    assert read_address(show_address(RAW, "testnet"), "testnet") == RAW
    assert read_address(show_address(RAW, "mainnet"), "testnet") == RAW


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    with contextlib.suppress(WalletNotValid):
        assert read_address(text, "mainnet").startswith("0:")
