-- What is for sale. `item`: a skill's name. `selling_text`: what those read who have not bought it.
CREATE TABLE offers (
    item TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL,
    is_for_sale INTEGER NOT NULL,
    selling_text TEXT NOT NULL,
    sold_total BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- Amounts are in the minor unit of the asset. One price of each mode counts; those before it stay.
CREATE TABLE prices (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL REFERENCES offers (item),
    mode TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    created_ms BIGINT NOT NULL,
    ended_ms BIGINT
);
CREATE UNIQUE INDEX prices_that_count ON prices (item, mode) WHERE ended_ms IS NULL;

-- Who may take an item without being a member of its namespace.
CREATE TABLE entitlements (
    item TEXT NOT NULL,
    user_id TEXT NOT NULL,
    how TEXT NOT NULL,
    invoice_id TEXT,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, item)
);

-- `details`: JSON: the quote and what a buyer needs in order to pay. `is_waiting`: 1 while money is expected, so that a
-- buyer has one such invoice for an item and a way to pay.
CREATE TABLE invoices (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    rail TEXT NOT NULL,
    price_id TEXT NOT NULL REFERENCES prices (id),
    asset TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    memo TEXT UNIQUE,
    attempt INTEGER NOT NULL,
    details TEXT NOT NULL,
    status TEXT NOT NULL,
    is_waiting INTEGER NOT NULL,
    referrer_id TEXT,
    fee_bps INTEGER NOT NULL,
    referral_bps INTEGER NOT NULL,
    received BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    paid_ms BIGINT
);
CREATE UNIQUE INDEX invoices_waiting ON invoices (buyer_id, item, rail) WHERE is_waiting = 1;
CREATE INDEX invoices_by_buyer ON invoices (buyer_id, id);
CREATE INDEX invoices_due ON invoices (id) WHERE status = 'refund_due';
CREATE INDEX invoices_to_expire ON invoices (expires_ms) WHERE is_waiting = 1;

-- Every change of an invoice's state, and what caused it.
CREATE TABLE invoice_events (
    id {serial},
    invoice_id TEXT NOT NULL REFERENCES invoices (id),
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    journal_id TEXT,
    at_ms BIGINT NOT NULL
);
CREATE INDEX invoice_events_by_invoice ON invoice_events (invoice_id, id);

-- Money that has arrived: facts, which are matched to invoices in a step of its own. No invoice: nobody knows what for.
CREATE TABLE receipts (
    rail TEXT NOT NULL,
    reference TEXT NOT NULL,
    invoice_id TEXT REFERENCES invoices (id),
    asset TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    fee BIGINT NOT NULL,
    memo TEXT,
    payer TEXT,
    details TEXT NOT NULL,
    received_ms BIGINT NOT NULL,
    recorded_ms BIGINT NOT NULL,
    refunded BIGINT NOT NULL CHECK (refunded BETWEEN 0 AND amount),
    PRIMARY KEY (rail, reference)
);
CREATE INDEX receipts_by_invoice ON receipts (invoice_id, received_ms);
CREATE INDEX receipts_unmatched ON receipts (recorded_ms) WHERE invoice_id IS NULL;

-- How the price of a paid invoice was shared out. `refunded`: what of the price went back, disputes included.
CREATE TABLE sales (
    invoice_id TEXT PRIMARY KEY REFERENCES invoices (id),
    item TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    rail TEXT NOT NULL,
    asset TEXT NOT NULL,
    price BIGINT NOT NULL,
    seller_share BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    referral_share BIGINT NOT NULL,
    referrer_id TEXT,
    paid_ms BIGINT NOT NULL,
    matures_ms BIGINT NOT NULL,
    matured_ms BIGINT,
    refunded BIGINT NOT NULL CHECK (refunded BETWEEN 0 AND price)
);
CREATE INDEX sales_by_seller ON sales (seller_id, paid_ms, invoice_id);
CREATE INDEX sales_by_item ON sales (item, paid_ms, invoice_id);
CREATE INDEX sales_to_mature ON sales (matures_ms) WHERE matured_ms IS NULL;

-- No invoice: money that was never matched to one goes back.
CREATE TABLE refunds (
    id TEXT PRIMARY KEY,
    invoice_id TEXT REFERENCES invoices (id),
    buyer_id TEXT NOT NULL,
    rail TEXT NOT NULL,
    receipt_reference TEXT NOT NULL,
    asset TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    to_address TEXT,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    prepared TEXT,
    reference TEXT,
    reason TEXT NOT NULL,
    why TEXT NOT NULL,
    requested_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX refunds_by_invoice ON refunds (invoice_id, id);
CREATE UNIQUE INDEX refunds_by_reference ON refunds (rail, reference);
CREATE INDEX refunds_to_advance ON refunds (updated_ms) WHERE status IN ('requested', 'submitting', 'unknown');

CREATE TABLE disputes (
    rail TEXT NOT NULL,
    reference TEXT NOT NULL,
    invoice_id TEXT NOT NULL REFERENCES invoices (id),
    amount BIGINT NOT NULL,
    of_price BIGINT NOT NULL,
    of_spare BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    state TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    opened_ms BIGINT NOT NULL,
    PRIMARY KEY (rail, reference)
);
CREATE INDEX disputes_by_invoice ON disputes (invoice_id);

-- Signed events of providers, each of which is followed up once.
CREATE TABLE provider_events (
    rail TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    account TEXT,
    received_ms BIGINT NOT NULL,
    handled_ms BIGINT,
    PRIMARY KEY (rail, event_id)
);
CREATE INDEX provider_events_by_age ON provider_events (received_ms);

-- How far what a provider lists was read.
CREATE TABLE rail_cursors (
    rail TEXT PRIMARY KEY,
    cursor TEXT NOT NULL
);
