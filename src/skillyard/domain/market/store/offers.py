"""SQL of offers, of what each of their releases says, and of how far the registry was followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from skillyard.domain.market.model import Offer, OfferOrder, OfferStatus
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.skill.executable import Executable, TrustLevel, load_executable

TABLES = (
    Table(
        "market_offers",
        (
            "id", "name", "namespace", "owner_id", "agent_id", "version", "status", "reason", "description", "tags",
            "found_by", "trust_level", "price", "is_offered", "accepts_requests", "invocations", "completed",
            "rating", "ratings", "created_ms", "updated_ms",
        ),
    ),
    Table("market_releases", ("offer_id", "version", "digest", "executable", "created_ms")),
    Table("market_cursors", ("name", "position")),
)  # fmt: skip
_OFFERS = (
    "SELECT o.*, r.digest, r.executable FROM market_offers o"
    " JOIN market_releases r ON r.offer_id = o.id AND r.version = o.version"
)
_AT_ONCE = 100
_ORDERS: dict[OfferOrder, str] = {
    "newest": "o.created_ms DESC, o.id DESC",
    "name": "o.name",
    "price": "o.price, o.id",
    "rating": "o.rating DESC, o.ratings DESC, o.id",
    "invocations": "o.completed DESC, o.id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to browse for. `own`: namespaces of which offers are found that strangers do not find; None: of all."""

    text: str = ""
    tags: tuple[str, ...] = ()
    trust_level: TrustLevel | None = None
    status: OfferStatus = OfferStatus.ACTIVE
    accepts_requests: bool | None = None
    own: frozenset[str] | None = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What choosing among many offers needs of each."""

    offer_id: str
    version: str
    name: str
    description: str
    tags: frozenset[str]
    price: int
    trust_level: TrustLevel
    completed: int
    rating: int


def find_offer(tx: Tx, offer_id: str) -> Offer | None:
    row = tx.one(f"{_OFFERS} WHERE o.id = ?", offer_id)
    return _offer(row) if row else None


def find_by_name(tx: Tx, name: str) -> Offer | None:
    row = tx.one(f"{_OFFERS} WHERE o.name = ?", name)
    return _offer(row) if row else None


def list_offers(tx: Tx, offer_ids: Sequence[str]) -> dict[str, Offer]:
    """Those of the ids that there are."""
    if not offer_ids:
        return {}
    marks = ", ".join("?" * len(offer_ids))
    return {row["id"]: _offer(row) for row in tx.all(f"{_OFFERS} WHERE o.id IN ({marks})", *offer_ids)}


def list_of_namespaces(tx: Tx, namespaces: Collection[str]) -> list[Offer]:
    """All offers in these, the newest first."""
    if not namespaces:
        return []
    marks = ", ".join("?" * len(namespaces))
    rows = tx.all(f"{_OFFERS} WHERE o.namespace IN ({marks}) ORDER BY o.created_ms DESC, o.id DESC", *namespaces)
    return [_offer(row) for row in rows]


def browse(tx: Tx, wanted: Wanted, order: OfferOrder, *, limit: int, offset: int) -> tuple[list[Offer], int]:
    """A part of those that are found, and how many there are."""
    where, args = _where(wanted)
    sql = f"{_OFFERS} WHERE {where} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?"
    found = [_offer(row) for row in tx.all(sql, *args, limit, offset)]
    count = tx.one(f"SELECT count(*) AS number FROM market_offers o WHERE {where}", *args)  # noqa: S608 (only marks)
    return found, int(count["number"]) if count else 0


def list_best(tx: Tx, by: str, *, prior: int, prior_ratings: int, limit: int) -> list[Offer]:
    """Of those that everybody finds: by invocations delivered, or by rating with so many of `prior` added to each."""
    liked = f"(o.rating * o.ratings + {int(prior * prior_ratings)}) / (o.ratings + {int(prior_ratings)})"
    order = f"{liked} DESC, o.completed DESC" if by == "rating" else f"o.completed DESC, {liked} DESC"
    sql = f"{_OFFERS} WHERE o.status = 'active' AND o.is_offered = 1 ORDER BY {order}, o.id LIMIT ?"
    return [_offer(row) for row in tx.all(sql, limit)]


def stamp_of_listed(tx: Tx) -> tuple[int, int, int]:
    """Another one whenever what `list_listed` answers has changed, but for counts."""
    row = tx.one(
        "SELECT count(*) AS number, COALESCE(max(updated_ms), 0) AS latest, COALESCE(sum(updated_ms), 0) AS total"
        " FROM market_offers WHERE status = 'active' AND is_offered = 1 AND accepts_requests = 1"
    )
    assert row is not None, "an aggregate has a row"
    return int(row["number"]), int(row["latest"]), int(row["total"])


def list_listed(tx: Tx, *, limit: int) -> list[Listed]:
    """What everybody finds and accepts requests, the most used first."""
    rows = tx.all(
        "SELECT id, version, name, description, tags, price, trust_level, completed, rating FROM market_offers"
        " WHERE status = 'active' AND is_offered = 1 AND accepts_requests = 1 ORDER BY completed DESC, id LIMIT ?",
        limit,
    )
    return [
        Listed(
            offer_id=row["id"],
            version=row["version"],
            name=row["name"],
            description=row["description"],
            tags=frozenset(orjson.loads(row["tags"])),
            price=int(row["price"]),
            trust_level=row["trust_level"],
            completed=int(row["completed"]),
            rating=int(row["rating"]),
        )
        for row in rows
    ]


def list_executables(tx: Tx, releases: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Executable]:
    """What releases say, by offer and version."""
    found = {}
    for start in range(0, len(releases), _AT_ONCE):
        some = releases[start : start + _AT_ONCE]
        where = " OR ".join(["(offer_id = ? AND version = ?)"] * len(some))
        args = [part for release in some for part in release]
        for row in tx.all(f"SELECT offer_id, version, executable FROM market_releases WHERE {where}", *args):  # noqa: S608
            found[row["offer_id"], row["version"]] = load_executable(orjson.loads(row["executable"]))
    return found


def has_approved(tx: Tx, owner_id: str) -> bool:
    """Whether something of theirs is, or was, on offer without waiting for a review."""
    sql = "SELECT 1 AS found FROM market_offers WHERE owner_id = ? AND status NOT IN ('pending_review', 'rejected')"
    return tx.one(f"{sql} LIMIT 1", owner_id) is not None


def add_offer(tx: Tx, new: Offer) -> bool:
    """With its first release; False when there is one of this name."""
    added = tx.insert_new(
        "INSERT INTO market_offers (id, name, namespace, owner_id, agent_id, version, status, reason, description,"
        " tags, found_by, trust_level, price, is_offered, accepts_requests, invocations, completed, rating,"
        " ratings, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?)",
        new.id, new.name, new.namespace, new.owner_id, new.agent_id, new.version, new.status.value, new.reason,
        new.description, _json(list(new.tags)), _found_by(new), new.trust_level, new.price, int(new.is_offered),
        int(new.executable.accepts_requests), new.created_ms, new.updated_ms,
    )  # fmt: skip
    return added and add_release(tx, new)


def add_release(tx: Tx, offer: Offer) -> bool:
    """What the release that the offer has now says; False when it is known."""
    return tx.insert_new(
        "INSERT INTO market_releases (offer_id, version, digest, executable, created_ms) VALUES (?, ?, ?, ?, ?)",
        offer.id, offer.version, offer.digest, _json(offer.executable.show()), offer.updated_ms,
    )  # fmt: skip


def set_offer(tx: Tx, changed: Offer) -> None:
    """Write its version, terms and status; neither its counts nor who owns it."""
    tx.run(
        "UPDATE market_offers SET version = ?, status = ?, reason = ?, description = ?, tags = ?, found_by = ?,"
        " trust_level = ?, price = ?, is_offered = ?, accepts_requests = ?, agent_id = ?, updated_ms = ? WHERE id = ?",
        changed.version, changed.status.value, changed.reason, changed.description, _json(list(changed.tags)),
        _found_by(changed), changed.trust_level, changed.price, int(changed.is_offered),
        int(changed.executable.accepts_requests), changed.agent_id, changed.updated_ms, changed.id,
    )  # fmt: skip


def count_invocation(tx: Tx, offer_id: str, *, completed: int = 0, invocations: int = 0) -> None:
    sql = "UPDATE market_offers SET invocations = invocations + ?, completed = completed + ? WHERE id = ?"
    tx.run(sql, invocations, completed, offer_id)


def set_rating(tx: Tx, offer_id: str, *, average: int, ratings: int) -> None:
    """`average`: hundredths of a star, of so many people."""
    tx.run("UPDATE market_offers SET rating = ?, ratings = ? WHERE id = ?", average, ratings, offer_id)


def find_executable(tx: Tx, offer_id: str, version: str) -> Executable | None:
    """What a release says, also an earlier one."""
    row = tx.one("SELECT executable FROM market_releases WHERE offer_id = ? AND version = ?", offer_id, version)
    return load_executable(orjson.loads(row["executable"])) if row else None


def followed_to(tx: Tx, name: str) -> int:
    row = tx.one("SELECT position FROM market_cursors WHERE name = ?", name)
    return int(row["position"]) if row else 0


def set_followed(tx: Tx, name: str, position: int) -> None:
    """Never back: somebody else may have been further."""
    tx.run(
        "INSERT INTO market_cursors (name, position) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
        " WHERE market_cursors.position < excluded.position",
        name, position,
    )  # fmt: skip


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts, args = ["o.status = ?"], [wanted.status.value]
    if wanted.own is not None:
        own = sorted(wanted.own)
        is_own = f"o.namespace IN ({', '.join('?' * len(own))})" if own else "1 = 0"
        parts.append(f"({is_own} OR o.is_offered = 1)" if wanted.status is OfferStatus.ACTIVE else is_own)
        args += own
    for word in wanted.text.lower().split():
        parts.append("o.found_by LIKE ? ESCAPE '!'")
        args.append(f"%{_literally(word)}%")
    for tag in wanted.tags:
        parts.append("o.tags LIKE ? ESCAPE '!'")
        args.append(f"%{_literally(_json(tag))}%")
    if wanted.trust_level is not None:
        parts.append("o.trust_level = ?")
        args.append(wanted.trust_level)
    if wanted.accepts_requests is not None:
        parts.append(f"o.accepts_requests = {int(wanted.accepts_requests)}")
    return " AND ".join(parts), args


def _literally(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _found_by(offer: Offer) -> str:
    return " ".join((offer.name, offer.description, *offer.tags)).lower()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _offer(row: Row) -> Offer:
    return Offer(
        id=row["id"],
        name=row["name"],
        owner_id=row["owner_id"],
        agent_id=row["agent_id"],
        version=row["version"],
        digest=row["digest"],
        description=row["description"],
        tags=tuple(orjson.loads(row["tags"])),
        trust_level=row["trust_level"],
        price=int(row["price"]),
        executable=load_executable(orjson.loads(row["executable"])),
        status=OfferStatus(row["status"]),
        reason=row["reason"],
        is_offered=bool(row["is_offered"]),
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        invocations=int(row["invocations"]),
        completed=int(row["completed"]),
        average_rating=int(row["rating"]) if row["ratings"] else None,
        ratings=int(row["ratings"]),
    )
