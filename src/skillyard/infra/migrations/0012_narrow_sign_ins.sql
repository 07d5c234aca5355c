-- What the approved command line is handed: a token with these scopes for so many days; NULL: a session with all.
ALTER TABLE cli_sessions ADD COLUMN scopes TEXT;
ALTER TABLE cli_sessions ADD COLUMN token_days INTEGER;
