"""The provider's program for `title-case`: reads the input as JSON, writes the output as JSON."""

import json
import sys

SMALL = {"a", "an", "and", "as", "at", "but", "by", "for", "in", "of", "on", "or", "the", "to"}


def title_case(headline: str) -> str:
    words = headline.lower().split()
    return " ".join(word if index and word in SMALL else word.capitalize() for index, word in enumerate(words))


if __name__ == "__main__":
    print(json.dumps({"headline": title_case(json.load(sys.stdin)["headline"])}))
