"""Money as whole minor units (cents, nanoTON, credits). Outside it is a decimal string and its asset, never a float."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from skillyard.infra.errors import Invalid

CENTS_PER_CREDIT = 1
BASIS_POINTS = 10_000
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,18})(?:\.([0-9]{1,18}))?", re.ASCII)


class Asset(StrEnum):
    USD = "USD"
    TON = "TON"
    CREDIT = "CREDIT"

    @property
    def scale(self) -> int:
        """How many decimals one unit has."""
        return _SCALES[self]

    @property
    def largest(self) -> int:
        """The largest single amount, in minor units; sums of very many of them still fit 64 bits."""
        return _LARGEST[self]


_SCALES = {Asset.USD: 2, Asset.TON: 9, Asset.CREDIT: 0}
_LARGEST = {Asset.USD: 10**15, Asset.TON: 10**18, Asset.CREDIT: 10**15}


class AmountNotValid(Invalid):
    code = "amount_not_valid"
    text = "{what} is not an amount of {asset}: {why}."
    hint = 'Write a decimal string with a point and no sign, such as "29.00", with at most {scale} decimals.'


def read_amount(text: object, asset: Asset, *, what: str = "amount") -> int:
    """Minor units of a decimal string, always above zero. Raises AmountNotValid, which calls the value `what`."""
    found = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise _refused(what, asset, "it must be a plain decimal string")
    whole, decimals = found[1], found[2] or ""
    if len(decimals) > asset.scale:
        raise _refused(what, asset, f"it has {len(decimals)} decimals")
    amount = int(whole + decimals.ljust(asset.scale, "0"))
    if not 0 < amount <= asset.largest:
        raise _refused(what, asset, "it must be above zero" if amount == 0 else "it is too large")
    return amount


def show_amount(amount: int, asset: Asset) -> str:
    """`29.00`, `2.750000000`, `2900`; a debt has a minus sign."""
    whole, minor = divmod(abs(amount), 10**asset.scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{minor:0{asset.scale}}" if asset.scale else f"{sign}{whole}"


def share(amount: int, basis_points: int) -> int:
    """That part of the amount, rounded down."""
    return amount * basis_points // BASIS_POINTS


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Parts in proportion to the weights that sum to the amount exactly, by the largest remainder.

    Of equal remainders the first takes the odd unit. Raises ValueError for a negative amount or weights without sum.
    """
    total = sum(weights)
    if amount < 0 or total <= 0 or min(weights) < 0:
        raise ValueError(f"cannot split {amount} by {list(weights)}")
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: -(amount * weights[at] % total))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _refused(what: str, asset: Asset, why: str) -> AmountNotValid:
    return AmountNotValid(what=what, asset=asset.value, why=why, scale=asset.scale)
