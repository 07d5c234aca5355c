"""Writes down what Nevermined's own client sends, so that ours can be held against it without its 210 MB.

uv venv there && uv pip install --python there/bin/python payments-py==1.18.0
PYTHONPATH=. there/bin/python -m tests.peers.nevermined.record > tests/peers/nevermined/recorded.json
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any

from tests.peers.nevermined.peer import HOLDER, NETWORK, PLAN, running_nevermined

RESOURCE = "https://skills.example.org/sal/report"


def _own_key() -> str:
    """A key as the client wants to read it: a JWT that names an account."""
    parts = ({"alg": "none"}, {"sub": HOLDER, "o11y": "x", "exp": 2_000_000_000})
    return (
        "custom:"
        + ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + ".c2ln"
    )


def main() -> None:
    with running_nevermined() as peer:
        os.environ["NVM_BACKEND_URL"] = peer.url  # read when the client is imported
        from payments_py import PaymentOptions, Payments  # type: ignore[import-not-found]
        from payments_py.x402.types import (  # type: ignore[import-not-found]
            X402PaymentRequired,
            X402Resource,
            X402Scheme,
            X402SchemeExtra,
        )

        peer.key = _own_key()
        peer.balances[HOLDER] = 100
        client = Payments.get_instance(PaymentOptions(nvm_api_key=peer.key, environment="custom"))
        accepted = X402Scheme(scheme="nvm:erc4337", network=NETWORK, plan_id=PLAN, extra=X402SchemeExtra(agent_id="7"))
        required = X402PaymentRequired(
            x402_version=2, resource=X402Resource(url=RESOURCE), accepts=[accepted], extensions={}
        )
        answers = [
            client.plans.get_plan_balance(PLAN, HOLDER),
            client.plans.get_plan(PLAN),
            client.facilitator.verify_permissions(required, peer.token(), max_amount="10"),
            client.facilitator.settle_permissions(required, peer.token(), max_amount="10", agent_request_id="req-1"),
        ]
        recorded = [{**one, "authorization": bool(one["authorization"])} for one in peer.requests]
        json.dump({"requests": recorded, "read": [_plain(one) for one in answers]}, sys.stdout, indent=1)


def _plain(answer: Any) -> Any:
    return answer.model_dump(mode="json", by_alias=True) if hasattr(answer, "model_dump") else answer


if __name__ == "__main__":
    main()
