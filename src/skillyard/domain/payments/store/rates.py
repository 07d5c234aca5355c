"""SQL of exchange rates."""

from __future__ import annotations

from skillyard.domain.payments.model import Quote
from skillyard.infra.database import Tx
from skillyard.infra.money import Asset
from skillyard.infra.tables import Table

TABLES = (Table("rates", ("asset", "source", "usd", "at_ms")),)


def put(tx: Tx, asset: Asset, quote: Quote) -> None:
    """Replace the last word of the source; an older one does not replace a newer one."""
    tx.run(
        "INSERT INTO rates (asset, source, usd, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT (asset, source)"
        " DO UPDATE SET usd = excluded.usd, at_ms = excluded.at_ms WHERE rates.at_ms <= excluded.at_ms",
        asset.value, quote.source, quote.usd, quote.at_ms,
    )  # fmt: skip


def list_of(tx: Tx, asset: Asset) -> list[Quote]:
    """The newest first."""
    rows = tx.all("SELECT * FROM rates WHERE asset = ? ORDER BY at_ms DESC, source", asset.value)
    return [Quote(usd=row["usd"], source=row["source"], at_ms=row["at_ms"]) for row in rows]
