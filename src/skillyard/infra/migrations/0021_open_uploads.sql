-- An open upload announces nothing: `sha256` is empty and `size_bytes` 0 until bytes came. `confirmed_ms`: when it was
-- used up; the row stays until it expires, so that whoever confirms twice can be told so.
ALTER TABLE uploads ADD COLUMN confirmed_ms BIGINT;
