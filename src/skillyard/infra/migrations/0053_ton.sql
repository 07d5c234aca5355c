-- The last word of each source on what one unit of an asset is worth in US dollars, as a decimal string.
CREATE TABLE rates (
    asset TEXT NOT NULL,
    source TEXT NOT NULL,
    usd TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (asset, source)
);
