"""`Idempotency-Key` on writes: the first answer is kept, sealed under the caller's own credentials, and replayed.

Plain ASGI in front of the native surface. What is stored cannot be read without the token that made the request,
so an answer that shows a secret once is still shown to its owner only.
"""

from __future__ import annotations

import re

from skillyard.infra.errors import Invalid

_KEY = re.compile(r"[!-~]{1,200}")
_IN_MEMORY_BYTES = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_MAX_ANSWER_BYTES = 64 * 1024
_NONCE = bytes(12)


class BadIdempotencyKey(Invalid):
    code = "bad_idempotency_key"
    text = "The Idempotency-Key is not 1 to 200 printable ASCII characters."
    hint = "Send a random UUID."
