"""Ways to pay for an invocation from elsewhere, each in a file of its own; `charge_rail.py` says what each does."""
