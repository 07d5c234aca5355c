-- What an invocation costs, from the moment it is asked for. `ref`: the invocation; `amount` and the shares: credits and
-- cents, which are worth the same. `hold_id`: the credits set aside; for a payment elsewhere, `payer`, who has one of them
-- open at a time, `payment`, by which it pays once, and `proof`: what it is taken with, until that is done. `fee_bps`,
-- `maturity_ms`: the terms of that day.
CREATE TABLE charges (
    ref TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    rail TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL,
    fee_bps INTEGER NOT NULL,
    maturity_ms BIGINT NOT NULL,
    hold_id TEXT,
    payer TEXT,
    payment TEXT,
    proof TEXT,
    reference TEXT,
    why TEXT NOT NULL,
    seller_share BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    placed_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    captured_ms BIGINT,
    matures_ms BIGINT,
    matured_ms BIGINT
);
CREATE UNIQUE INDEX charges_by_payment ON charges (rail, payment);
CREATE UNIQUE INDEX charges_open_elsewhere ON charges (rail, payer) WHERE status IN ('held', 'due', 'unknown');
CREATE INDEX charges_by_buyer ON charges (buyer_id, placed_ms, ref);
CREATE INDEX charges_by_seller ON charges (seller_id, captured_ms, ref) WHERE status = 'captured';
CREATE INDEX charges_by_item ON charges (item, captured_ms, ref) WHERE status = 'captured';
CREATE INDEX charges_to_mature ON charges (matures_ms) WHERE status = 'captured' AND matured_ms IS NULL;
CREATE INDEX charges_to_end ON charges (expires_ms) WHERE status = 'held';
CREATE INDEX charges_in_doubt ON charges (placed_ms, ref) WHERE status IN ('unknown', 'failed');
CREATE INDEX charges_to_settle ON charges (updated_ms) WHERE status IN ('due', 'unknown');
