-- What was spent of somebody's allowance in a month (UTC). `ref`: the skill that they lend a credential to. `cost` is in
-- millionths of a dollar, with what is set aside for calls under way.
CREATE TABLE budgets (
    ref TEXT NOT NULL,
    month TEXT NOT NULL,
    calls BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (ref, month)
);
