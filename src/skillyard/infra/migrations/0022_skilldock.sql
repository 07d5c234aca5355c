-- What somebody has published, for the page of an author.
CREATE INDEX releases_by_publisher ON releases (published_by, skill);
