-- Whether the content is handed out only to members and to those who bought it or were granted it.
ALTER TABLE skills ADD COLUMN is_for_sale INTEGER NOT NULL DEFAULT 0;
