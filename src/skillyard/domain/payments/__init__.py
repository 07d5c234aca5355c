"""Selling and buying: what is paid, held, owed and paid out, in books that can only be added to.

| what happens | journal (`ledger.post`) | legs |
|---|---|---|
| money comes in | `receipt` | D clearing or wallet, D processor fee; C the buyer's refundable, or suspense |
| a sale | `sale` | D the buyer's refundable; C seller's pending, C platform fee, C referrer's pending |
| the time to complain is over | `maturity` | D pending; C available |
| a payout | `payout_hold`, then `payout_paid` or `payout_returned` | D available; C hold; then D hold; C clearing or wallet |
| a sale is undone | `sale_refund` | the sale backwards; D seller's receivable where nothing is left |
| money goes back | `refund_hold`, then `refund_paid` or `refund_returned` | D refundable; C hold; then D hold; C clearing |
| credits are given | `credit_grant` | CREDIT: D issued; C credits. USD: D grants; C deferred revenue |
| credits are spent | `credit_spend` | CREDIT: D credits; C issued. USD: D deferred revenue; C the buyer's refundable |

The accounts are in `chart.py`. Whoever pays or is paid is reached by a rail (`rail.py`, `rails/`), which tells facts and
never posts; operations turn facts into journals, each under a key that names the fact.
"""
