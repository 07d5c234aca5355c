"""TON, as far as selling needs it: addresses, memos, comments, transactions, and the wallet that pays out."""
