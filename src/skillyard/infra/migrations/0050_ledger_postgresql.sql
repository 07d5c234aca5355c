-- only: postgresql
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER ledger_accounts_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entries_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_journals_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journals
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_holds_kept BEFORE DELETE OR TRUNCATE ON ledger_holds
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- The lock: while somebody closes the journal, another transaction that adds to it waits, and then sees it closed.
CREATE FUNCTION ledger_entry_new() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account ledger_accounts%ROWTYPE;
    last ledger_entries%ROWTYPE;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.journal_id, 50));
    IF EXISTS (SELECT 1 FROM ledger_journals WHERE id = NEW.journal_id) THEN
        RAISE EXCEPTION 'ledger: the journal is closed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT * INTO account FROM ledger_accounts WHERE id = NEW.account_id;
    IF account.has_floor = 1 THEN
        SELECT * INTO last FROM ledger_entries WHERE account_id = NEW.account_id AND number IS NOT NULL
            ORDER BY number DESC LIMIT 1;
        IF NEW.number IS DISTINCT FROM coalesce(last.number, 0) + 1 OR NEW.balance IS DISTINCT FROM
            coalesce(last.balance, 0) + (CASE WHEN NEW.side = account.normal THEN NEW.amount ELSE -NEW.amount END)
        THEN
            RAISE EXCEPTION 'ledger: the entry does not continue its account'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.number IS NOT NULL OR NEW.balance IS NOT NULL THEN
        RAISE EXCEPTION 'ledger: the entry does not continue its account'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER ledger_entries_new BEFORE INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_new();

CREATE FUNCTION ledger_journal_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.id, 50));
    IF NOT EXISTS (SELECT 1 FROM ledger_entries WHERE journal_id = NEW.id) OR EXISTS (
        SELECT 1 FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id WHERE e.journal_id = NEW.id
        GROUP BY a.asset HAVING sum(CASE e.side WHEN 'D' THEN e.amount ELSE -e.amount END) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger: the journal has no entries or does not balance'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER ledger_journals_balanced BEFORE INSERT ON ledger_journals
    FOR EACH ROW EXECUTE FUNCTION ledger_journal_new();

CREATE FUNCTION ledger_hold_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'open' OR NEW.status = 'open' OR (
        OLD.id, OLD.source_id, OLD.target_id, OLD.amount, OLD.ref, OLD.placed_by, OLD.placed_ms, OLD.expires_ms
    ) IS DISTINCT FROM (
        NEW.id, NEW.source_id, NEW.target_id, NEW.amount, NEW.ref, NEW.placed_by, NEW.placed_ms, NEW.expires_ms
    ) THEN
        RAISE EXCEPTION 'ledger: a hold is only closed, and once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER ledger_holds_closed_once BEFORE UPDATE ON ledger_holds
    FOR EACH ROW EXECUTE FUNCTION ledger_hold_closed();
