"""One question to a language model, one answer: of any service that the operator allows, within bounds.

How it is put to the service is in `llm_client`; who pays, and what comes before and after, is left to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.app import App
from skillyard.infra.envelope import Secret
from skillyard.infra.errors import Invalid, Upstream

MICRO_USD_PER_CREDIT = 10_000  # a credit is worth one US cent
_UNKNOWN_PRICE = 10  # micro-USD for a token of a model whose price nobody knows: a credit for a thousand
_BYTES_PER_TOKEN = 3  # of a message that nobody counted: rather too many tokens than too few


class ModelProviderUnknown(Invalid):
    code = "model_provider_unknown"
    text = "This registry knows no language models of {provider}."
    hint = "Use one of {known}; the operator adds others in SKILLYARD_LLM."


class ModelFailed(Upstream):
    """`was_billed`: whether its work may have to be paid all the same."""

    code = "model_failed"
    text = "{model} of {provider} {why}."
    hint = "Try again later, or with less; the name of the model and its key are the seller's matter."

    def __init__(self, *, was_billed: bool = False, **facts: Any) -> None:
        self.was_billed = was_billed
        super().__init__(**facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`instructions` are whose skill it is; `data` is what it works on, and never an instruction.

    `schema`: the answer is a value of it; None: text. `within_s` bounds all of it.
    """

    provider: str
    model: str
    instructions: str
    data: str
    max_tokens: int
    within_s: float
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None

    @property
    def tokens_at_most(self) -> int:
        """An upper estimate of what it can come to, to set aside before it is asked."""
        told = f"{self.instructions}{self.data}{self.schema or ''}".encode()
        return len(told) // _BYTES_PER_TOKEN + 200 + self.max_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`value`: text, or what was made of it by the schema (which it may not fit). `cost`: in millionths of a dollar."""

    value: Any
    tokens_in: int
    tokens_out: int
    cost: int


def ask_model(app: App, question: Question, key: Secret | None) -> Reply:
    """Put it to the service; what fails for a moment is tried again while there is time.

    Raises ModelProviderUnknown, ModelFailed. Neither holds the key, the instructions or what the service said.
    """
    known = app.settings.llm_providers
    provider = known.get(question.provider)
    if provider is None:
        raise ModelProviderUnknown(provider=question.provider, known=", ".join(sorted(known)))
    from skillyard.domain.gateway.llm_client import ask  # its libraries take seconds to load

    return ask(app.outbound, provider, question, key)


def cost_at_most(tokens: int) -> int:
    """What so many tokens cost where no price is known, in millionths of a dollar."""
    return tokens * _UNKNOWN_PRICE
