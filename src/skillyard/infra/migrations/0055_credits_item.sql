-- What invoices for credits are for: nobody's offer, so that prices of credits have something to be a price of.
INSERT INTO offers (item, seller_id, is_for_sale, selling_text, sold_total, updated_ms)
VALUES ('credits', 'platform', 0, '', 0, 0);
