"""Merge two sets of changes of one skill: pure, in bounded time, without guessing. What it cannot decide, it says."""
