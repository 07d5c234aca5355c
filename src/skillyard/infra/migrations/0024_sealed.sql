-- Whether the content is handed out only to members: the registry itself runs the skill for everybody else.
ALTER TABLE skills ADD COLUMN is_sealed INTEGER NOT NULL DEFAULT 0;
