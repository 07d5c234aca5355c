-- The public log. `leaf`: the text whose UTF-8 is hashed. An entry that is not public has the facts and the salt that its
-- leaf commits to beside it.
CREATE TABLE log_entries (
    position BIGINT PRIMARY KEY,
    leaf TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT,
    facts TEXT,
    salt {bytes}
);
CREATE INDEX log_entries_by_name ON log_entries (name, position);
CREATE INDEX log_entries_by_version ON log_entries (name, version, position);

-- The hash of every complete subtree: of the 2^level leaves from position * 2^level on.
CREATE TABLE log_nodes (
    level INTEGER NOT NULL,
    position BIGINT NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (level, position)
);

-- Who may read what the log says of a skill; as its last entry told.
CREATE TABLE log_skills (
    name TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    visibility TEXT NOT NULL
);
CREATE INDEX log_skills_by_namespace ON log_skills (namespace, visibility);

-- How far the events of others have been followed into the log.
CREATE TABLE log_followed (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);
