"""The messages themselves: their bodies, and how they are signed.

Each is signed twice: as SkillzDrive does (the hex HMAC of the raw body, keyed with the secret as it was shown), and the
Standard Webhooks way (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from skillyard.domain.notices.kinds import EXHAUSTED, THRESHOLD_HIT
from skillyard.domain.notices.model import Hook, Notice
from skillyard.infra.clock import iso
from skillyard.infra.envelope import Secret


def write_body(delivery_id: str, hook: Hook, notice: Notice, *, at_ms: int) -> str:
    """JSON: `id`, `event` (and `type`, which is the same), `timestamp` of when it happened, `data`. What tells of
    credits has its facts beside these, too, as SkillzDrive has them.
    """
    facts = _facts(hook, notice)
    body = {"id": delivery_id, "event": notice.event, "type": notice.event, "timestamp": iso(at_ms), "data": facts}
    if notice.event in (THRESHOLD_HIT, EXHAUSTED):
        body = {**facts, **body}
    return orjson.dumps(body).decode()


def signed_headers(secret: Secret, *, delivery_id: str, event: str, body: str, now_ms: int) -> dict[str, str]:
    """The same message has the same id each time it is sent; the time is that of this sending."""
    from standardwebhooks import Webhook  # servers without webhooks start without it

    sent = datetime.fromtimestamp(now_ms // 1000, UTC)
    key = secret.reveal()
    plain = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": Webhook(key).sign(delivery_id, sent, body),
        "x-skillzdrive-event": event,
        "x-skillzdrive-delivery": delivery_id,
        "x-skillzdrive-signature": f"sha256={plain}",
    }


def _facts(hook: Hook, notice: Notice) -> Mapping[str, Any]:
    if notice.event not in (THRESHOLD_HIT, EXHAUSTED):
        return notice.data
    threshold = hook.threshold if notice.event == THRESHOLD_HIT else 0
    remaining, owner_id = notice.data["credits_remaining"], notice.data["owner_user_id"]
    return {"owner_user_id": owner_id, "credits_remaining": remaining, "threshold": threshold}
