"""Reads prose as orders to an agent: concepts by word lists of ten languages, and how they stand together."""
