"""What only this surface refuses: bodies that it cannot read, and the answers of its device sign-in.

The latter are those of RFC 8628, section 3.5, and RFC 6749, section 5.2; their codes go out as they stand here.
"""

from __future__ import annotations

from typing import ClassVar

from skillyard.infra.errors import Invalid


class BodyUnreadable(Invalid):
    code = "body_unreadable"
    text = "The body is not {wanted}: {why}."
    hint = 'Send such as {{"params": {{"repo": "acme/webapp"}}}}, with Content-Type: application/json.'


class DeviceRefusal(Invalid):
    code = "device_refusal"
    word: ClassVar[str] = "invalid_request"


class AuthorizationPending(DeviceRefusal):
    code = "device_authorization_pending"
    word = "authorization_pending"
    text = "Nobody has approved it yet."
    hint = "Ask again in {interval_s} seconds."


class SlowDown(DeviceRefusal):
    code = "device_slow_down"
    word = "slow_down"
    text = "It was asked too often."
    hint = "Wait 5 seconds longer from now on before each question."


class AccessDenied(DeviceRefusal):
    code = "device_access_denied"
    word = "access_denied"
    text = "It was turned away."
    hint = "Begin again if that was not meant."


class DeviceCodeExpired(DeviceRefusal):
    code = "device_code_expired"
    word = "expired_token"
    text = "Nobody approved it in time."
    hint = "Begin again with a new code."


class DeviceCodeUnknown(DeviceRefusal):
    code = "device_code_unknown"
    word = "invalid_grant"
    text = "There is no such device code, or its key was handed out before."
    hint = "Begin again with a new code."


class GrantTypeUnknown(DeviceRefusal):
    code = "device_grant_type_unknown"
    word = "unsupported_grant_type"
    text = "Only one grant type is known here: {known}."
    hint = "Send it as grant_type."
