"""What we rely on of language models is still so, at a service that speaks OpenAI's API, such as one on this machine.

`LIVE_LLM_URL` says where, `LIVE_LLM_MODEL` which model, `LIVE_LLM_KEY` with what, if anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.gateway.llm import ModelFailed, Question, ask_model
from skillyard.infra.envelope import Secret
from tests.makers import make_app

URL, KEY = os.environ.get("LIVE_LLM_URL", ""), os.environ.get("LIVE_LLM_KEY", "")
QUESTION = Question(
    provider="live",
    model=os.environ.get("LIVE_LLM_MODEL", ""),
    instructions="Answer in one short sentence.",
    data='{"input": {"question": "Which animal barks?"}, "steps": {}}',
    max_tokens=200,
    within_s=300,
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path, llm={"live": {"base_url": URL, "needs_key": bool(KEY)}}, outbound_http_loopback=True)
    yield made
    made.close()


def test_it_answers_and_counts(app: App) -> None:
    reply = ask_model(app, QUESTION, Secret(KEY) if KEY else None)
    assert reply.value
    assert reply.tokens_in > 5
    assert 0 < reply.tokens_out <= QUESTION.max_tokens


def test_it_gives_a_value_of_a_schema(app: App) -> None:
    schema = {"type": "object", "properties": {"animal": {"type": "string"}}, "required": ["animal"]}
    reply = ask_model(app, replace(QUESTION, schema=schema), Secret(KEY) if KEY else None)
    assert isinstance(reply.value["animal"], str)


def test_it_says_when_it_could_not_finish(app: App) -> None:
    long = replace(QUESTION, instructions="Write a long story about what you are given.", max_tokens=5)
    with pytest.raises(ModelFailed, match="did not finish within 5 tokens"):
        ask_model(app, long, Secret(KEY) if KEY else None)
