"""SQL of what people think of offers: their ratings, and their favorites."""

from __future__ import annotations

from skillyard.domain.market.board_model import RatingSummary
from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("market_ratings", ("offer_id", "user_id", "stars", "invocation_id", "rated_ms")),
    Table("market_favorites", ("user_id", "offer_id", "added_ms")),
)
VERIFIED_WEIGHT = 5
"""How often a rating counts of somebody to whom the offer delivered, beside one of anybody."""


def set_rating(tx: Tx, offer_id: str, user_id: str, *, stars: int, invocation_id: str | None, now_ms: int) -> None:
    """Instead of what they gave before."""
    tx.run(
        "INSERT INTO market_ratings (offer_id, user_id, stars, invocation_id, rated_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (offer_id, user_id) DO UPDATE SET stars = excluded.stars,"
        " invocation_id = excluded.invocation_id, rated_ms = excluded.rated_ms",
        offer_id, user_id, stars, invocation_id, now_ms,
    )  # fmt: skip


def summarize(tx: Tx, offer_id: str, *, user_id: str | None = None) -> RatingSummary:
    rows = tx.all(
        "SELECT stars, CASE WHEN invocation_id IS NULL THEN 0 ELSE 1 END AS is_verified, count(*) AS number"
        " FROM market_ratings WHERE offer_id = ? GROUP BY 1, 2",
        offer_id,
    )
    own = tx.one("SELECT stars FROM market_ratings WHERE offer_id = ? AND user_id = ?", offer_id, user_id or "")
    counts = [(int(row["stars"]), bool(row["is_verified"]), int(row["number"])) for row in rows]
    weights = [(stars, number * (VERIFIED_WEIGHT if verified else 1)) for stars, verified, number in counts]
    total = sum(weight for _, weight in weights)
    stars_1, stars_2, stars_3, stars_4, stars_5 = (
        sum(number for stars, _, number in counts if stars == wanted) for wanted in range(1, 6)
    )
    return RatingSummary(
        offer_id=offer_id,
        average=sum(stars * weight for stars, weight in weights) * 100 // total if total else None,
        ratings=sum(number for _, _, number in counts),
        verified=sum(number for _, verified, number in counts if verified),
        by_stars=(stars_1, stars_2, stars_3, stars_4, stars_5),
        own=own["stars"] if own else None,
    )


def add_favorite(tx: Tx, user_id: str, offer_id: str, *, now_ms: int) -> bool:
    """False when it is one already."""
    sql = "INSERT INTO market_favorites (user_id, offer_id, added_ms) VALUES (?, ?, ?)"
    return tx.insert_new(sql, user_id, offer_id, now_ms)


def remove_favorite(tx: Tx, user_id: str, offer_id: str) -> None:
    tx.run("DELETE FROM market_favorites WHERE user_id = ? AND offer_id = ?", user_id, offer_id)


def list_favorites(tx: Tx, user_id: str, *, limit: int) -> list[str]:
    """Ids of offers, the one added last first."""
    sql = "SELECT offer_id FROM market_favorites WHERE user_id = ? ORDER BY added_ms DESC, offer_id DESC LIMIT ?"
    return [row["offer_id"] for row in tx.all(sql, user_id, limit)]


def count_favorites(tx: Tx, user_id: str) -> int:
    row = tx.one("SELECT count(*) AS number FROM market_favorites WHERE user_id = ?", user_id)
    return int(row["number"]) if row else 0
