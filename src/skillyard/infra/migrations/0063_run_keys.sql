-- The key for some skills with which it was asked for, whose holder sees it; NULL: another token of its owner's.
ALTER TABLE runs ADD COLUMN key_id TEXT;
ALTER TABLE run_sessions ADD COLUMN key_id TEXT;
