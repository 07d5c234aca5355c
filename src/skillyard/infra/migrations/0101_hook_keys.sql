-- What it was set up with, or changed last: the collection whose key it was, the personal token behind it. It tells
-- nothing more when that is void.
ALTER TABLE hooks ADD COLUMN key_id TEXT;
ALTER TABLE hooks ADD COLUMN made_with TEXT;
