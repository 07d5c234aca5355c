"""Why a call was not made, or what became of it: refusals of ours, never what the other side answers."""

from __future__ import annotations

from skillyard.infra.errors import Forbidden, Invalid, TooMany, Unavailable, Upstream


class ParamsInvalid(Invalid):
    """`faults` lists all of them, each with the `field` that it is about: `labels[0]`."""

    code = "params_invalid"
    text = "{action} was not called: {summary}."
    hint = "Compare with its schema: `skillyard integrations show {action}`."


class CallLimitReached(TooMany):
    """`of`: whose limit it is; `window`: minute or day (UTC)."""

    code = "call_limit_reached"
    text = "The limit of {limit} calls in a {window} {of} is reached, until {ends}."
    hint = "Wait {retry_after_s} seconds, then try again; an administrator can raise the plan."


class MinuteLimitReached(CallLimitReached):
    code = "minute_limit_reached"


class DailyLimitReached(CallLimitReached):
    code = "daily_limit_reached"


class TooManyCallsAtOnce(TooMany):
    code = "too_many_calls_at_once"
    text = "You have {most} calls under way, which is the most that one person can have here at a time."
    hint = "Wait until one of them has ended."


class PlanLimitReached(Forbidden):
    code = "plan_limit_reached"
    text = "Your plan, {plan}, allows {limit} connections, and you have as many."
    hint = "Disconnect one that you do not use, or ask an administrator for another plan."


class PlanUnknown(Invalid):
    code = "plan_unknown"
    text = "There is no plan {plan}; there are: {plans}."
    hint = "Plans are set in SKILLYARD_GATEWAY_PLANS."


class CallsFull(Unavailable):
    code = "calls_full"
    text = "As many calls as this server makes at once are under way."
    hint = "Try again in a moment."


class UpstreamResting(Unavailable):
    code = "upstream_resting"
    text = "{host} failed several times in a row; it is left alone for a moment."
    hint = "Try again in {retry_after_s} seconds."


class UpstreamUnavailable(Upstream):
    """`may_be_done`: it was sent, and nobody knows whether the other side has carried it out."""

    code = "upstream_unavailable"
    text = "The call to {host} failed: {why}.{doubt}"
    hint = "Try again in a moment; look first whether it was done after all, where it changes something."


class UpstreamTimedOut(UpstreamUnavailable):
    code = "upstream_timed_out"


class UpstreamAnswerTooLarge(UpstreamUnavailable):
    code = "upstream_answer_too_large"
    hint = "Ask for less at once: a smaller page, or fewer fields."


class ConnectionNotUsable(Invalid):
    """What a connection says of where its account is leads somewhere that the integration is not at."""

    code = "connection_not_usable"
    text = "The connection cannot be used: {why}."
    hint = "Connect the account again with what the integration asks for."
