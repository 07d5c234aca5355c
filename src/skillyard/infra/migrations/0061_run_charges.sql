-- What a run of the release costs whoever is no member of its namespace.
ALTER TABLE releases ADD COLUMN credits_per_run BIGINT NOT NULL DEFAULT 0;
-- What this run costs: held while it waits and runs, charged when its program came to an end, else given back.
ALTER TABLE runs ADD COLUMN credits BIGINT NOT NULL DEFAULT 0;
