"""The link that opens a wallet with everything filled in. Pure."""

from __future__ import annotations

from urllib.parse import quote


def payment_link(address: str, nano: int, memo: str) -> str:
    """`ton://transfer/UQ…?amount=<nanoTON>&text=<memo>`, which wallets on TON understand."""
    return f"ton://transfer/{address}?amount={nano}&text={quote(memo, safe='')}"
