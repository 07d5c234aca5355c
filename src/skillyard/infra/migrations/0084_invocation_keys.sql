-- The key for some skills with which it was asked for, whose holder sees it; NULL: another token of its buyer's.
ALTER TABLE invocations ADD COLUMN key_id TEXT;
