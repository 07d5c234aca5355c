"""Selling and buying: what is paid, held, owed and paid out, in books that can only be added to.

| what happens | journals (`ledger.post`) and their legs |
|---|---|
| money comes in | `receipt`: D clearing or wallet, D processor fee; C the buyer's refundable, or suspense |
| a sale | `sale`: D the buyer's refundable; C seller's pending, C platform fee, C referrer's pending |
| the time to complain is over | `maturity`: D pending; C available |
| a payout | `payout_hold`: D available; C hold. Then `payout_paid`: D hold; C clearing; or `payout_returned` |
| a sale is undone | `sale_refund`: the sale backwards; D seller's receivable where nothing is left |
| money goes back | `refund_hold`: D refundable; C hold. Then `refund_paid`: D hold; C clearing; or `refund_returned` |
| a payment is disputed | `dispute_opened`: the sale backwards; C clearing. Then `dispute_won`, or nothing |
| credits are given | `credit_grant`, CREDIT: D issued; C credits. USD: D grants; C deferred revenue |
| credits are spent | `credit_spend`, CREDIT: D credits; C issued. USD: D deferred revenue; C refundable |
| the operator moves money | `operator_funds`: D clearing; C operator's funds, or backwards |

The accounts are in `chart.py`. Whoever pays or is paid is reached by a rail (`rail.py`, `rails/`), which tells facts
and never posts; operations turn facts into journals, each under a key that names the fact.
"""
