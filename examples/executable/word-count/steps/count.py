"""Counts words. `input` is what the buyer sent, `fail` gives up with a message that they read."""

PACE = 130


def run(input):
    words = len(input["text"].split())
    if not words:
        fail("The text has no words.")  # noqa: F821 (steps find it)
    return {"words": words, "minutes": round(words / input.get("words_per_minute", PACE), 1)}
