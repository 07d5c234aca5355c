"""What only this surface refuses."""

from __future__ import annotations

from skillyard.infra.errors import Forbidden, Invalid


class NotJson(Invalid):
    code = "not_json"
    text = "The request is not JSON."
    hint = "Send it with `Content-Type: application/json`."


class SignInPending(Invalid):
    code = "sign_in_pending"
    text = "Nobody has approved this sign-in yet."
    hint = "Approve it in the browser, then ask again."


class SignInDenied(Forbidden):
    code = "sign_in_denied"
    text = "This sign-in was denied."
    hint = "Begin again if that was a mistake."


class TarballMissing(Invalid):
    code = "tarball_missing"
    text = "The form has no part `tarball` with a file."
    hint = "Send the archive as the part `tarball`."
