"""The link that opens a wallet with everything filled in, and its QR code. Pure."""

from __future__ import annotations

from io import StringIO
from urllib.parse import quote

import segno


def payment_link(address: str, nano: int, memo: str) -> str:
    """`ton://transfer/UQ…?amount=<nanoTON>&text=<memo>`, which wallets on TON understand."""
    return f"ton://transfer/{address}?amount={nano}&text={quote(memo, safe='')}"


def qr_svg(text: str) -> str:
    """A QR code as an `<svg>` element without size, for a page to place."""
    return str(segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=2))


def qr_text(text: str) -> str:
    """A QR code in half blocks, for a terminal."""
    out = StringIO()
    segno.make(text, error="m", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue()
