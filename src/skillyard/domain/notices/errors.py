"""What notices refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound


class HookNotFound(NotFound):
    code = "webhook_not_found"
    text = "There is no webhook {hook_id}, or it is not yours."
    hint = "`skillyard webhooks list` lists yours; add `--namespace` for those of a namespace."


class HookAddressNotAcceptable(Invalid):
    code = "webhook_address_not_acceptable"
    text = "Nothing can be delivered to this address: {why}."
    hint = "Use a public https:// address that answers; the operator can list others in SKILLYARD_OUTBOUND_ALLOW."


class HookEventUnknown(Invalid):
    code = "webhook_event_unknown"
    text = "There is no event {event}."
    hint = "Choose among {known}; or name a family of them, such as release.*"


class HookEventsMissing(Invalid):
    code = "webhook_events_missing"
    text = "Name 1 to {most} events that the webhook is told of."
    hint = "Name one event at least, such as release.published, or a family of them, such as release.*"


class HookEventNotHere(Invalid):
    code = "webhook_event_not_here"
    text = "{event} is told to the person whom it concerns, not to a namespace."
    hint = "Add a webhook of your own for it: leave the namespace out."


class HookThresholdNotAcceptable(Invalid):
    code = "webhook_threshold_not_acceptable"
    text = "The event credits.threshold_hit needs a threshold of 1 to {most} credits, and no other event has one."
    hint = "Name the number of credits at which you want to be told, with this event."


class TooManyHooks(Conflict):
    code = "too_many_webhooks"
    text = "There are {most} webhooks here, which is the most that there can be."
    hint = "Remove one first: `skillyard webhooks remove`."


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"
    text = "The webhook has no delivery {delivery_id}; those of more than 30 days ago are forgotten."
    hint = "`skillyard webhooks deliveries` lists them."


class HookDisabled(Conflict):
    code = "webhook_disabled"
    text = "The webhook is disabled: {why}."
    hint = "Enable it first: `skillyard webhooks enable {hook_id}`."
