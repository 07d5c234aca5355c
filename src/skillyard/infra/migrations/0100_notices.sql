-- Where somebody wants to be told what happens. `namespace`: NULL for what concerns `owner_id` alone, who answers for it
-- either way. What happened up to `since_position` is not told. `threshold`: of credits. The secret is sealed as
-- credentials are. While it fails, nothing new is tried before `quiet_until_ms`.
CREATE TABLE hooks (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    namespace TEXT,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    threshold BIGINT,
    enabled INTEGER NOT NULL,
    why_disabled TEXT NOT NULL,
    since_position BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since_ms BIGINT,
    quiet_until_ms BIGINT NOT NULL,
    last_status TEXT,
    last_tried_ms BIGINT,
    format INTEGER NOT NULL,
    key_name TEXT NOT NULL,
    wrapped_key {bytes} NOT NULL,
    nonce {bytes} NOT NULL,
    content {bytes} NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX hooks_by_owner ON hooks (owner_id, id);
CREATE INDEX hooks_by_namespace ON hooks (namespace, id);
CREATE INDEX hooks_by_key ON hooks (key_name, id);

-- The events that it names, one each, to find whom to tell.
CREATE TABLE hook_events (
    hook_id TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    PRIMARY KEY (event, hook_id)
);
CREATE INDEX hook_events_by_hook ON hook_events (hook_id);

-- One message to one of them. `position`: of what happened; NULL for a test. `about`: whom it concerns (JSON). `body`: what
-- is sent, the same each time. `tries`: since it was last asked for; `attempts`: in all. `answer`: the beginning of the
-- receiver's last one.
CREATE TABLE hook_deliveries (
    id TEXT PRIMARY KEY,
    hook_id TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    position BIGINT,
    event TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    tries INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_ms BIGINT,
    answer_status INTEGER,
    answer TEXT NOT NULL,
    why TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    tried_ms BIGINT,
    UNIQUE (hook_id, position, event)
);
CREATE INDEX hook_deliveries_by_hook ON hook_deliveries (hook_id, id);
CREATE INDEX hook_deliveries_by_age ON hook_deliveries (created_ms);
CREATE INDEX hook_deliveries_waiting ON hook_deliveries (next_ms) WHERE status = 'pending';

-- How far the events were followed.
CREATE TABLE notice_cursors (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);
