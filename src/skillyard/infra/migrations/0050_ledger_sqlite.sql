-- only: sqlite
-- A REPLACE would delete without asking a trigger, so that the triggers of INSERT look for what it would replace.
CREATE TRIGGER ledger_accounts_once BEFORE INSERT ON ledger_accounts
WHEN EXISTS (
    SELECT 1 FROM ledger_accounts
    WHERE id = NEW.id OR (owner = NEW.owner AND kind = NEW.kind AND asset = NEW.asset)
)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER ledger_accounts_unchanged BEFORE UPDATE ON ledger_accounts
BEGIN
    SELECT RAISE(ABORT, 'ledger: accounts never change');
END;

CREATE TRIGGER ledger_accounts_kept BEFORE DELETE ON ledger_accounts
BEGIN
    SELECT RAISE(ABORT, 'ledger: accounts are never removed');
END;

CREATE TRIGGER ledger_entries_unchanged BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries never change');
END;

CREATE TRIGGER ledger_entries_kept BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries are never removed');
END;

CREATE TRIGGER ledger_entries_new BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_journals WHERE id = NEW.journal_id)
    OR EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'ledger: the journal is closed');
END;

CREATE TRIGGER ledger_entries_counted BEFORE INSERT ON ledger_entries
WHEN EXISTS (
    SELECT 1 FROM ledger_accounts a
    LEFT JOIN ledger_entries e ON e.account_id = a.id
        AND e.number = (SELECT max(number) FROM ledger_entries WHERE account_id = a.id)
    WHERE a.id = NEW.account_id AND (
        NEW.number IS NOT iif(a.has_floor, coalesce(e.number, 0) + 1, NULL)
        OR NEW.balance IS NOT
            iif(a.has_floor, coalesce(e.balance, 0) + iif(NEW.side = a.normal, NEW.amount, -NEW.amount), NULL)
    )
)
BEGIN
    SELECT RAISE(ABORT, 'ledger: the entry does not continue its account');
END;

CREATE TRIGGER ledger_journals_unchanged BEFORE UPDATE ON ledger_journals
BEGIN
    SELECT RAISE(ABORT, 'ledger: journals never change');
END;

CREATE TRIGGER ledger_journals_kept BEFORE DELETE ON ledger_journals
BEGIN
    SELECT RAISE(ABORT, 'ledger: journals are never removed');
END;

CREATE TRIGGER ledger_journals_once BEFORE INSERT ON ledger_journals
WHEN EXISTS (
    SELECT 1 FROM ledger_journals WHERE id = NEW.id OR key = NEW.key OR reverses = NEW.reverses
)
BEGIN
    SELECT RAISE(ABORT, 'ledger: there is such a journal already');
END;

CREATE TRIGGER ledger_journals_balanced BEFORE INSERT ON ledger_journals
WHEN NOT EXISTS (SELECT 1 FROM ledger_entries WHERE journal_id = NEW.id)
    OR EXISTS (
        SELECT 1 FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id WHERE e.journal_id = NEW.id
        GROUP BY a.asset HAVING sum(iif(e.side = 'D', e.amount, -e.amount)) <> 0
    )
BEGIN
    SELECT RAISE(ABORT, 'ledger: the journal has no entries or does not balance');
END;

CREATE TRIGGER ledger_holds_closed_once BEFORE UPDATE ON ledger_holds
WHEN OLD.status <> 'open' OR NEW.status = 'open' OR (
    OLD.id, OLD.source_id, OLD.target_id, OLD.amount, OLD.ref, OLD.placed_by, OLD.placed_ms, OLD.expires_ms
) IS NOT (
    NEW.id, NEW.source_id, NEW.target_id, NEW.amount, NEW.ref, NEW.placed_by, NEW.placed_ms, NEW.expires_ms
)
BEGIN
    SELECT RAISE(ABORT, 'ledger: a hold is only closed, and once');
END;

CREATE TRIGGER ledger_holds_kept BEFORE DELETE ON ledger_holds
BEGIN
    SELECT RAISE(ABORT, 'ledger: holds are never removed');
END;

CREATE TRIGGER ledger_holds_once BEFORE INSERT ON ledger_holds
WHEN EXISTS (SELECT 1 FROM ledger_holds WHERE id = NEW.id OR placed_by = NEW.placed_by OR closed_by = NEW.closed_by)
BEGIN
    SELECT RAISE(ABORT, 'ledger: there is such a hold already');
END;
