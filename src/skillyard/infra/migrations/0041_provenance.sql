-- JSON: how a release came here that no person published; NULL for one that a person did.
ALTER TABLE releases ADD COLUMN provenance TEXT;
