-- The integrations that a token may call, with spaces between them; NULL: all that its owner may.
ALTER TABLE tokens ADD COLUMN integrations TEXT;
-- The same of the token that an approved client is handed; when it was last asked for, so that it is not too often.
ALTER TABLE cli_sessions ADD COLUMN integrations TEXT;
ALTER TABLE cli_sessions ADD COLUMN polled_ms BIGINT;
CREATE INDEX cli_sessions_by_user_code ON cli_sessions (user_code);
