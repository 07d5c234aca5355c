"""Settings of the gateway: what it leads to, how much of it people may use, and what locks their secrets."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class LlmProvider(BaseModel):
    """One service with language models, under the name that skills call it by.

    `protocol`: whose API it speaks. `needs_key`: whether it wants a key; one of yours may not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(pattern=r"^https?://[^\s?#@]+$")
    protocol: Literal["openai", "anthropic"] = "openai"
    needs_key: bool = True


class IntegrationSettings(BaseModel):
    """What an operator sets for one integration: another server, and the client registered there for signing in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(default="", pattern=r"^(https?://[^\s?#@]+)?$")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    authorize_url: str = Field(default="", pattern=r"^(https?://[^\s#@]+)?$")
    token_url: str = Field(default="", pattern=r"^(https?://[^\s#@]+)?$")
    revoke_url: str = Field(default="", pattern=r"^(https?://[^\s#@]+)?$")
    issuer: str = Field(default="", pattern=r"^(https?://[^\s#@]+)?$")
    is_off: bool = False


class GatewayPlan(BaseModel):
    """How many calls of integrations somebody may make, and how many accounts they may connect; 0: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls_per_minute: int = Field(default=0, ge=0)
    calls_per_day: int = Field(default=0, ge=0)
    calls_per_minute_and_key: int = Field(default=0, ge=0)
    calls_per_minute_and_connection: int = Field(default=0, ge=0)
    connections: int = Field(default=0, ge=0)


GATEWAY_PLANS = {
    "free": GatewayPlan(calls_per_minute=30, calls_per_day=10_000, connections=3),
    "pro": GatewayPlan(calls_per_minute=120, calls_per_day=100_000, connections=10),
    "unlimited": GatewayPlan(),
}

LLM_PROVIDERS = {
    "openai": LlmProvider(base_url="https://api.openai.com/v1"),
    "anthropic": LlmProvider(base_url="https://api.anthropic.com", protocol="anthropic"),
}


class GatewaySettings(BaseSettings):
    """A part of `Settings`, which says how they are read."""

    llm: dict[str, LlmProvider] = Field(
        default={},
        description="Services whose language models skills may use, beside `openai` and `anthropic`, each by a name of"
        " yours: `SKILLYARD_LLM__<NAME>__BASE_URL`, `…__PROTOCOL` (`openai`, which most speak, or `anthropic`),"
        " `…__NEEDS_KEY`.",
    )
    llm_timeout_s: int = Field(default=120, ge=1, le=3600, description="How long a language model may take to answer.")
    llm_max_output_tokens: int = Field(
        default=8192, ge=1, description="Most tokens that a step may have a language model write."
    )
    llm_max_tokens: int = Field(
        default=200_000, ge=1, description="Most tokens, read and written, of all language models in one invocation."
    )
    integrations: dict[str, IntegrationSettings] = Field(
        default={},
        description="What differs for integrations, each by its name with `_` for `-`:"
        " `SKILLYARD_INTEGRATIONS__GOOGLE_DRIVE__CLIENT_ID`, `…__CLIENT_SECRET` (of the client that you registered"
        " there), `…__BASE_URL`, `…__AUTHORIZE_URL`, `…__TOKEN_URL`, `…__REVOKE_URL`, `…__ISSUER` (of a server of your"
        " own), `…__IS_OFF`.",
    )
    gateway_plan: str = Field(
        default="unlimited", description="The plan of people for whom an administrator has set no other."
    )
    gateway_plans: dict[str, GatewayPlan] = Field(
        default={},
        description="Plans for calls of integrations, beside `free`, `pro` and `unlimited`, each by a name of yours:"
        " `SKILLYARD_GATEWAY_PLANS__<NAME>__CALLS_PER_MINUTE`, `…__CALLS_PER_DAY` (UTC), `…__CALLS_PER_MINUTE_AND_KEY`,"
        " `…__CALLS_PER_MINUTE_AND_CONNECTION`, `…__CONNECTIONS`; 0: no limit.",
    )
    gateway_calls_per_minute: int = Field(
        default=6000, ge=1, description="Calls of integrations per address and minute, over all nodes."
    )
    gateway_calls_at_once: int = Field(
        default=128,
        ge=1,
        le=1000,
        description="Calls of integrations that one process has under way side by side; one person at most half.",
    )
    gateway_call_seconds: int = Field(
        default=30, ge=1, le=600, description="Longest that a call of an integration may take, with all its attempts."
    )
    gateway_answer_mb: int = Field(
        default=10, ge=1, le=100, description="Largest answer of an integration that is taken, in MiB."
    )
    vault_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Keys that lock people's credentials, between spaces, the newest first: `2027=<32 bytes in base64>"
        " 2026=…`; empty: one that is kept in the database, beside what it locks.",
    )

    @model_validator(mode="after")
    def _llm_providers_have_names_that_skills_can_use(self) -> Self:
        for name in self.llm:
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
                raise ValueError(f"SKILLYARD_LLM: {name!r} is no name of a provider: use a-z, 0-9 and -")
        return self

    @model_validator(mode="after")
    def _people_have_a_plan_that_there_is(self) -> Self:
        if self.gateway_plan not in self.plans:
            raise ValueError(f"SKILLYARD_GATEWAY_PLAN: there is no plan {self.gateway_plan!r}")
        return self

    @property
    def plans(self) -> dict[str, GatewayPlan]:
        """Those of the operator, before ours of the same name."""
        return {**GATEWAY_PLANS, **self.gateway_plans}

    @property
    def llm_providers(self) -> dict[str, LlmProvider]:
        """Those of the operator, before ours of the same name."""
        return {**LLM_PROVIDERS, **self.llm}
