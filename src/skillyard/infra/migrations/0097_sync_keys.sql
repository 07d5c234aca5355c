-- The key for some skills with which it was begun, whose holder goes on with it; NULL: another token of its owner's.
ALTER TABLE sync_runs ADD COLUMN key_id TEXT;
