"""Sealed skills with steps of both kinds, and what becomes of them when the registry works them off."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.vault import add_credential
from skillyard.domain.market.execute import execute
from skillyard.domain.market.invocations import get_invocation
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer
from skillyard.domain.payments.credits import grant_credits
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret
from tests.domain.market.stall import INPUT, Stall, a_stall

PY, JS = "python", "javascript"
_ENDINGS = {PY: "py", JS: "js"}
_numbers = count(1)


def script(runtime: str, text: str) -> dict[str, str]:
    return {"type": "script", "runtime": runtime, "text": text}


def llm(system_prompt: str, *, provider: str = "openai", model: str = "gpt-4o", **config: Any) -> dict[str, Any]:
    config["system_prompt"] = system_prompt
    return {"type": "llm", "provider": provider, "model": model, "config": config}


def sealed(stall: Stall, *steps: dict[str, Any], files: Mapping[str, str] | None = None, **fields: Any) -> Offer:
    """A new sealed skill of these steps, called s0, s1 …; each script is a file of its own."""
    texts, listed = dict(files or {}), []
    for number, step in enumerate(steps):
        one = {"label": f"s{number}", **step}
        if text := one.pop("text", None):
            one["file"] = f"steps/s{number}.{_ENDINGS[one['runtime']]}"
            texts[one["file"]] = text
        listed.append(one)
    return stall.offer(f"sal/sum-{next(_numbers)}", files=texts, **{"mode": "sealed", "steps": listed, **fields})


def a_rich_stall(app: App, clock: FixedClock) -> Stall:
    """In which `bob` has ten thousand credits."""
    stall = a_stall(app, clock)
    grant_credits(app, stall.ada, username="bob", amount="9900", reason="a present")
    return stall


def store_key(stall: Stall, person: Caller, secret: str, provider: str = "openai", *, for_scripts: bool = False) -> str:
    """The id of a credential that somebody stored."""
    made = add_credential(stall.app, person, provider=provider, secret=Secret(secret), for_scripts=for_scripts)
    return made.id


def done(stall: Stall, offer: Offer, input: Any = INPUT) -> Invocation:
    """Invoked and worked off."""
    asked = stall.invoke(offer, input=input)
    execute(stall.app, asked.id)
    return get_invocation(stall.app, stall.bob, invocation_id=asked.id)


def output(stall: Stall, offer: Offer, input: Any = INPUT) -> Any:
    found = done(stall, offer, input)
    assert found.status is InvocationStatus.COMPLETED, found.failure
    return found.output


def failure(stall: Stall, offer: Offer) -> str:
    """Why it failed, as the buyer reads it; they have the price back."""
    before, found = stall.credits(), done(stall, offer)
    assert found.status is InvocationStatus.FAILED
    assert found.failure is not None
    assert stall.credits() == before
    return f"{found.failure.code}: {found.failure.message}"
