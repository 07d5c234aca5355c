-- Who has used which skill on a day (whole days since 1970), kept until everything of the day was counted; `kind`:
-- executions or installs. `who`: an account, or a hash of an install without one.
CREATE TABLE skill_uses (
    day BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (day, name, kind, who)
);

CREATE TABLE skill_use_totals (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX skill_use_totals_by_total ON skill_use_totals (kind, total);
