"""Ways to pay, one file each; each has a `RAIL` and is found by `rail.py`."""
