"""SQL that looks for what must never be found in the books. Each statement reads all of them."""

from __future__ import annotations

from skillyard.infra.database import Tx

_SIGNED = "CASE WHEN e.side = 'D' THEN e.amount ELSE -e.amount END"


def list_lopsided(tx: Tx) -> list[tuple[str, int]]:
    """Assets whose debits and credits differ, and by how much."""
    rows = tx.all(
        f"SELECT a.asset, sum({_SIGNED}) AS over FROM ledger_entries e"  # noqa: S608
        f" JOIN ledger_accounts a ON a.id = e.account_id GROUP BY a.asset HAVING sum({_SIGNED}) <> 0"
    )
    return [(row["asset"], int(row["over"])) for row in rows]


def list_unbalanced(tx: Tx) -> list[str]:
    """Journals without entries, or whose entries differ in some asset."""
    rows = tx.all(
        "SELECT DISTINCT id FROM (SELECT j.id FROM ledger_journals j"  # noqa: S608
        " LEFT JOIN ledger_entries e ON e.journal_id = j.id LEFT JOIN ledger_accounts a ON a.id = e.account_id"
        f" GROUP BY j.id, a.asset HAVING count(e.id) = 0 OR sum({_SIGNED}) <> 0) AS wrong ORDER BY id"
    )
    return [row["id"] for row in rows]


def list_orphans(tx: Tx) -> list[int]:
    """Entries without a journal."""
    rows = tx.all(
        "SELECT e.id FROM ledger_entries e LEFT JOIN ledger_journals j ON j.id = e.journal_id"
        " WHERE j.id IS NULL ORDER BY e.id"
    )
    return [row["id"] for row in rows]


def list_wrong_reversals(tx: Tx) -> list[str]:
    """Reversals that do not leave each account as it was before the journal that they undo."""
    rows = tx.all(
        "SELECT DISTINCT id FROM (SELECT j.id FROM ledger_journals j"  # noqa: S608
        " JOIN ledger_entries e ON e.journal_id IN (j.id, j.reverses) WHERE j.reverses IS NOT NULL"
        f" GROUP BY j.id, e.account_id HAVING sum({_SIGNED}) <> 0) AS wrong ORDER BY id"
    )
    return [row["id"] for row in rows]


def list_jumps(tx: Tx) -> list[tuple[int, int]]:
    """Accounts with a floor, and the entry whose number or balance is not what the entries up to it make."""
    rows = tx.all(
        "SELECT account_id, place FROM (SELECT e.account_id, e.number, e.balance, row_number() OVER w AS place,"
        " sum(CASE WHEN e.side = a.normal THEN e.amount ELSE -e.amount END) OVER w AS summed"
        " FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id WHERE a.has_floor = 1"
        " WINDOW w AS (PARTITION BY e.account_id ORDER BY e.number)) AS counted"
        " WHERE number IS NULL OR number <> place OR balance IS NULL OR balance <> summed OR balance < 0"
        " ORDER BY account_id, place"
    )
    return [(row["account_id"], row["place"]) for row in rows]


def list_wrong_holds(tx: Tx) -> list[str]:
    """Holds whose journals do not put the money aside, or do not take all of it away again."""
    moved = (
        "EXISTS (SELECT 1 FROM ledger_entries e WHERE e.journal_id = {journal}"
        " AND e.account_id = h.target_id AND e.side = '{side}' AND e.amount >= h.amount)"
    )
    placed, closed = moved.format(journal="h.placed_by", side="C"), moved.format(journal="h.closed_by", side="D")
    sql = f"SELECT h.id FROM ledger_holds h WHERE NOT {placed} OR h.closed_by IS NOT NULL AND NOT {closed}"  # noqa: S608
    return [row["id"] for row in tx.all(f"{sql} ORDER BY h.id")]


def list_overheld(tx: Tx) -> list[int]:
    """Accounts that carry less than the open holds upon them."""
    rows = tx.all(
        "SELECT target_id FROM (SELECT h.target_id, sum(h.amount) AS held, (SELECT balance FROM ledger_entries e"
        " WHERE e.account_id = h.target_id ORDER BY e.number DESC LIMIT 1) AS there"
        " FROM ledger_holds h WHERE h.status = 'open' GROUP BY h.target_id) AS sums WHERE held > there"
        " ORDER BY target_id"
    )
    return [row["target_id"] for row in rows]
