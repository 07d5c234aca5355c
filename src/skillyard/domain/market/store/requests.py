"""SQL of the board: what people look for."""

from __future__ import annotations

from typing import Any

import orjson

from skillyard.domain.market.board_model import RequestStatus, SkillRequest
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.skill.schemas import Schema, stored_schema

TABLES = (
    Table(
        "skill_requests",
        (
            "id", "owner_id", "owner", "description", "tags", "found_by", "input_schema", "output_schema", "max_price",
            "status", "created_ms", "updated_ms",
        ),
    ),
)  # fmt: skip


def add_request(tx: Tx, new: SkillRequest) -> None:
    tx.run(
        "INSERT INTO skill_requests (id, owner_id, owner, description, tags, found_by, input_schema, output_schema,"
        " max_price, status, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.id, new.owner_id, new.owner, new.description, _tags(new), _found_by(new), _text(new.input_schema),
        _text(new.output_schema), new.max_price, new.status.value, new.created_ms, new.updated_ms,
    )  # fmt: skip


def set_request(tx: Tx, changed: SkillRequest) -> None:
    tx.run(
        "UPDATE skill_requests SET description = ?, tags = ?, found_by = ?, input_schema = ?, output_schema = ?,"
        " max_price = ?, status = ?, updated_ms = ? WHERE id = ?",
        changed.description, _tags(changed), _found_by(changed), _text(changed.input_schema),
        _text(changed.output_schema), changed.max_price, changed.status.value, changed.updated_ms, changed.id,
    )  # fmt: skip


def find_request(tx: Tx, request_id: str) -> SkillRequest | None:
    row = tx.one("SELECT * FROM skill_requests WHERE id = ?", request_id)
    return _request(row) if row else None


def count_open(tx: Tx, owner_id: str) -> int:
    row = tx.one(
        "SELECT count(*) AS number FROM skill_requests WHERE owner_id = ? AND status = ?",
        owner_id, RequestStatus.OPEN.value,
    )  # fmt: skip
    return int(row["number"]) if row else 0


def list_requests(
    tx: Tx,
    *,
    status: RequestStatus | None,
    owner_id: str | None,
    words: list[str],
    tags: list[str],
    limit: int,
    offset: int,
) -> tuple[list[SkillRequest], int]:
    """A part of those that have all words and tags, the newest first, and how many there are."""
    parts, args = ["1 = 1"], []
    for column, value in (("status", status and status.value), ("owner_id", owner_id)):
        if value is not None:
            parts.append(f"{column} = ?")
            args.append(value)
    for column, text in [("found_by", word) for word in words] + [("tags", _json(tag)) for tag in tags]:
        parts.append(f"{column} LIKE ? ESCAPE '!'")
        args.append(f"%{_literally(text)}%")
    where = " AND ".join(parts)
    sql = f"SELECT * FROM skill_requests WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 (only marks)
    rows = tx.all(sql, *args, limit, offset)
    count = tx.one(f"SELECT count(*) AS number FROM skill_requests WHERE {where}", *args)  # noqa: S608 (only marks)
    return [_request(row) for row in rows], int(count["number"]) if count else 0


def _literally(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _found_by(request: SkillRequest) -> str:
    return " ".join((request.description, *request.tags)).lower()


def _tags(request: SkillRequest) -> str:
    return _json(list(request.tags))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _text(schema: Schema | None) -> str | None:
    return schema.text if schema else None


def _request(row: Row) -> SkillRequest:
    return SkillRequest(
        id=row["id"],
        owner_id=row["owner_id"],
        owner=row["owner"],
        description=row["description"],
        tags=tuple(orjson.loads(row["tags"])),
        input_schema=stored_schema(row["input_schema"]) if row["input_schema"] else None,
        output_schema=stored_schema(row["output_schema"]) if row["output_schema"] else None,
        max_price=row["max_price"],
        status=RequestStatus(row["status"]),
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
    )
