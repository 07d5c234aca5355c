"""Questions to language models through pydantic-ai, which knows the services' APIs; its requests go by our own door."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2
import openai
import orjson
from pydantic_ai import ModelSettings, ToolDefinition
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ModelConnectionError, ModelHTTPError
from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from skillyard.domain.gateway.llm import ModelFailed, Question, Reply, cost_at_most
from skillyard.infra.envelope import Secret
from skillyard.infra.httpx_door import OutboundTransport
from skillyard.infra.log import Logger
from skillyard.infra.outbound import Outbound
from skillyard.settings import LlmProvider

_MOST_BYTES = 4 * 1024 * 1024
_PASSING = frozenset({429, 500, 502, 503, 504, 529})
_WAITS_S = (0.5, 2.0)  # before each further try
_MOST_WAIT_S = 30.0
_TOOL = "give_answer"
_ONLY = "answer"
_NO_KEY = "none"
_MOST_TOKENS = 10**8
_REASONS = {
    401: "refuses the key",
    402: "wants its bill paid first",
    403: "does not let this key use it",
    404: "is not known there",
    413: "was given more than it takes",
    429: "was asked too often, or its quota is used up",
    529: "is overloaded",
}
_log = Logger("skillyard.llm")


def ask(outbound: Outbound, provider: LlmProvider, question: Question, key: Secret | None) -> Reply:
    """Raises ModelFailed."""
    try:
        response = asyncio.run(_request(outbound, provider, question, key))
        value = _read(response, question)
    except ModelFailed:
        raise
    except Exception as error:  # what a library makes of an answer that is no answer
        raise _failed(question, error) from None
    return _reply(response, question, value)


async def _request(outbound: Outbound, provider: LlmProvider, question: Question, key: Secret | None) -> ModelResponse:
    transport = OutboundTransport(outbound, within_s=question.within_s, max_bytes=_MOST_BYTES)
    async with httpx2.AsyncClient(transport=transport) as http, asyncio.timeout(question.within_s):
        model = _model(provider, question.model, key, http)
        for wait_s in _WAITS_S:
            try:
                return await _put(model, question)
            except ModelHTTPError as error:  # what broke off in another way may have been billed: it is not tried again
                if error.status_code not in _PASSING:
                    raise
                await asyncio.sleep(_asked_to_wait_s(error) or wait_s)
        return await _put(model, question)


async def _put(model: Model, question: Question) -> ModelResponse:
    return await model_request(
        model,
        [ModelRequest(parts=[SystemPromptPart(question.instructions), UserPromptPart(question.data)])],
        model_settings=_settings(question),
        model_request_parameters=_parameters(question.schema),
    )


def _asked_to_wait_s(error: ModelHTTPError) -> float:
    """0 when it said nothing that makes sense."""
    try:
        return min(max(float((error.headers or {}).get("retry-after", 0)), 0.0), _MOST_WAIT_S)
    except ValueError:
        return 0.0


def _model(provider: LlmProvider, name: str, key: Secret | None, http: httpx2.AsyncClient) -> Model:
    api_key = key.reveal() if key else _NO_KEY
    if provider.protocol == "anthropic":
        claude = anthropic.AsyncAnthropic(api_key=api_key, base_url=provider.base_url, http_client=http, max_retries=0)
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=claude))
    client = openai.AsyncOpenAI(api_key=api_key, base_url=provider.base_url, http_client=http, max_retries=0)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))


def _settings(question: Question) -> ModelSettings:
    settings = ModelSettings(max_tokens=question.max_tokens)
    if question.temperature is not None:
        settings["temperature"] = question.temperature
    return settings


def _parameters(schema: Mapping[str, Any] | None) -> ModelRequestParameters:
    """With a schema, the answer is the argument of a tool that the model has to call."""
    if schema is None:
        return ModelRequestParameters()
    tool = ToolDefinition(
        name=_TOOL,
        description="Give the answer.",
        parameters_json_schema=_arguments(schema),
        strict=False,
        kind="output",
    )
    return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


def _arguments(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a tool are an object; another value is put into one, beside what the schema refers to."""
    if schema.get("type") == "object":
        return dict(schema)
    referred = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    return {**referred, "type": "object", "properties": {_ONLY: dict(schema)}, "required": [_ONLY]}


def _read(response: ModelResponse, question: Question) -> Any:
    """The text, or the value of the tool's argument; some models write the JSON instead of calling the tool.

    Raises ModelFailed when it broke off.
    """
    calls = [part.args for part in response.parts if isinstance(part, ToolCallPart) and part.tool_name == _TOOL]
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    if response.finish_reason == "length":
        raise _refusal(question, f"did not finish within {question.max_tokens} tokens", was_billed=True)
    if question.schema is None:
        return text
    found = calls[0] if calls else text
    value: Any = orjson.loads(found if isinstance(found, str) else orjson.dumps(found))
    orjson.dumps(value)  # refuses what nests too deep for us
    is_inside = question.schema.get("type") != "object" and isinstance(value, dict) and _ONLY in value
    return value[_ONLY] if is_inside else value


def _reply(response: ModelResponse, question: Question, value: Any) -> Reply:
    """Counted by the service, or, where it counts nothing, as much as it can have been."""
    usage = response.usage
    if not usage.input_tokens and not usage.output_tokens:
        return Reply(
            value=value,
            tokens_in=question.tokens_at_most - question.max_tokens,
            tokens_out=question.max_tokens,
            cost=cost_at_most(question.tokens_at_most),
        )
    tokens_in, tokens_out = _within(usage.input_tokens), _within(usage.output_tokens)
    return Reply(value=value, tokens_in=tokens_in, tokens_out=tokens_out, cost=_cost(response, tokens_in + tokens_out))


def _cost(response: ModelResponse, tokens: int) -> int:
    try:
        return max(0, int(response.cost().total_price * 1_000_000))
    except (LookupError, ValueError, ArithmeticError, AssertionError):
        return cost_at_most(tokens)


def _within(tokens: int) -> int:
    return min(max(tokens, 0), _MOST_TOKENS)


def _failed(question: Question, error: Exception) -> ModelFailed:
    """Nothing that the service said is repeated: it may hold the key, or the instructions."""
    _log.warning("a language model failed", provider=question.provider, model=question.model, kind=type(error).__name__)
    if isinstance(error, TimeoutError):
        return _refusal(question, "did not answer in time", was_billed=True)
    if isinstance(error, ModelHTTPError):
        status = error.status_code
        return _refusal(question, _REASONS.get(status, f"answered with status {status}"))
    if isinstance(error, ModelConnectionError):
        return _refusal(question, "cannot be reached, or broke off", was_billed=True)
    return _refusal(question, "gave an answer that cannot be read", was_billed=True)


def _refusal(question: Question, why: str, *, was_billed: bool = False) -> ModelFailed:
    return ModelFailed(was_billed=was_billed, provider=question.provider, model=question.model, why=why)
