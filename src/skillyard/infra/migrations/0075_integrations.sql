-- Integrations that administrators added, each as the text of its file. One that was removed keeps its row without the
-- text, so that its versions go on from there when it is added again.
CREATE TABLE integrations (
    slug TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_ms BIGINT NOT NULL,
    removed_ms BIGINT
);
