"""Amounts: what is read is what is shown, nothing else is read, and parts always sum to the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.infra.money import AmountNotValid, Asset, read_amount, share, show_amount, split

assets = st.sampled_from(Asset)


@given(assets, st.data())
def test_what_is_shown_is_read_again(asset: Asset, data: st.DataObject) -> None:
    amount = data.draw(st.integers(1, asset.largest))
    assert read_amount(show_amount(amount, asset), asset) == amount


@pytest.mark.parametrize(
    ("amount", "asset", "text"),
    [
        (2900, Asset.USD, "29.00"),
        (5, Asset.USD, "0.05"),
        (2_750_000_000, Asset.TON, "2.750000000"),
        (2900, Asset.CREDIT, "2900"),
        (-5, Asset.USD, "-0.05"),
        (0, Asset.USD, "0.00"),
    ],
)
def test_an_amount_is_shown_with_all_its_decimals(amount: int, asset: Asset, text: str) -> None:
    assert show_amount(amount, asset) == text


@pytest.mark.parametrize(
    ("text", "asset", "amount"),
    [("29", Asset.USD, 2900), ("29.5", Asset.USD, 2950), ("0.000000001", Asset.TON, 1), ("7", Asset.CREDIT, 7)],
)
def test_missing_decimals_are_zeros(text: str, asset: Asset, amount: int) -> None:
    assert read_amount(text, asset) == amount


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "0", "0.00", "-1", "+1", "1e3", "1E3", ".5", "5.", "1,00", "1 000", " 1", "1\n", "01", "00.1", "NaN",
        "Infinity", "0x10", "1.001", "٣", "1_000", "$1", "1.0.0", "9" * 400, "10000000000001", 1, 1.5, 29.0, True,
        None, b"1", ["1"], {"amount": "1"},
    ],
)  # fmt: skip
def test_anything_but_a_plain_decimal_string_is_refused(value: object) -> None:
    with pytest.raises(AmountNotValid) as refused:
        read_amount(value, Asset.USD, what="price")
    assert refused.value.message.startswith("price is not an amount of USD")
    assert "at most 2 decimals" in refused.value.advice


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for asset in Asset:
        try:
            amount = read_amount(text, asset)
        except AmountNotValid:
            continue
        assert 0 < amount <= asset.largest
        assert read_amount(show_amount(amount, asset), asset) == amount


def test_credits_have_no_decimals() -> None:
    with pytest.raises(AmountNotValid):
        read_amount("1.5", Asset.CREDIT)


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any))
def test_parts_sum_to_the_whole_and_none_is_off_by_more_than_one(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert part * sum(weights) <= amount * weight + sum(weights) - 1
        assert part >= amount * weight // sum(weights)


def test_the_largest_remainder_takes_the_odd_unit() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [1, 2, 4]) == [1, 3, 6]
    assert split(1, [0, 0, 5]) == [0, 0, 1]


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, []), (1, [0]), (1, [2, -1])])
def test_a_split_without_sense_is_a_bug(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split(amount, weights)


@given(st.integers(0, 10**18), st.integers(0, 10_000))
def test_a_share_is_rounded_down_and_never_more_than_the_whole(amount: int, basis_points: int) -> None:
    assert 0 <= amount * basis_points - share(amount, basis_points) * 10_000 < 10_000
