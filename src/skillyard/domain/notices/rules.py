"""What a webhook may ask for, when it is told of credits, and when a message is tried again."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.domain.notices.errors import (
    HookEventNotHere,
    HookEventsMissing,
    HookEventUnknown,
    HookThresholdNotAcceptable,
)
from skillyard.domain.notices.kinds import EVENTS, OF_PEOPLE, THRESHOLD_HIT, families_of
from skillyard.domain.notices.model import Hook, Notice

MOST_HOOKS = 20
MOST_THRESHOLD = 10**15
_MOST_EVENTS = 50
_SHOWN_CHARS = 60
_FAMILIES = {families_of(event)[1] for event in EVENTS}
_PERSONAL = {name for event in OF_PEOPLE for name in families_of(event)}

WAITS_S = (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""How long to wait after each try that failed; after one more it is given up."""
_MOST_QUIET_S = 600
GIVE_UP_HOOK_MS = 24 * 3600 * 1000
"""A webhook that delivered nothing for so long is disabled when the next of its messages is given up."""


def check_events(events: Sequence[str], *, threshold: int | None, namespace: str | None) -> tuple[str, ...]:
    """The same, each once. Raises HookEventsMissing, HookEventUnknown, HookEventNotHere, HookThresholdNotAcceptable."""
    found = tuple(dict.fromkeys(events))
    if not 1 <= len(found) <= _MOST_EVENTS:
        raise HookEventsMissing(most=_MOST_EVENTS)
    for event in found:
        if event not in EVENTS and event not in _FAMILIES:
            shown = event[:_SHOWN_CHARS] if event.isprintable() else "of this name"
            raise HookEventUnknown(event=shown, known=", ".join(EVENTS))
        if namespace is not None and event in _PERSONAL:
            raise HookEventNotHere(event=event)
    is_wanted = THRESHOLD_HIT in found
    is_good = threshold is None or 1 <= threshold <= MOST_THRESHOLD
    if is_wanted != (threshold is not None) or not is_good:
        raise HookThresholdNotAcceptable(most=MOST_THRESHOLD)
    return found


def is_told(hook: Hook, notice: Notice) -> bool:
    """Whether it happened for this webhook: of credits, when they went down to its own threshold."""
    if notice.event != THRESHOLD_HIT:
        return True
    data = notice.data
    return hook.threshold is not None and bool(data["credits_remaining"] <= hook.threshold < data["before"])


def wait_ms(tries: int) -> int | None:
    """How long to wait after so many tries that failed; None when it is given up."""
    return WAITS_S[tries - 1] * 1000 if tries <= len(WAITS_S) else None


def quiet_ms(failures: int) -> int:
    """How long to leave a receiver alone that failed so often one after the other."""
    return min(WAITS_S[min(failures, len(WAITS_S)) - 1], _MOST_QUIET_S) * 1000
