"""The ways to isolate programs; each file is one, and `choose` finds it."""
