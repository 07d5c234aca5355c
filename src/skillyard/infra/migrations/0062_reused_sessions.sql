-- `reused_by`: the token whose next run may go on in the session without naming it; NULL for none.
ALTER TABLE run_sessions ADD COLUMN reused_by TEXT;
CREATE INDEX run_sessions_reused ON run_sessions (reused_by, created_ms) WHERE reused_by IS NOT NULL;
