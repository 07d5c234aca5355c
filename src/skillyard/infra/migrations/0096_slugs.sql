-- Names without a namespace that were handed out as `slug` alone. A row is never changed, and never removed.
CREATE TABLE slugs (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL
);
