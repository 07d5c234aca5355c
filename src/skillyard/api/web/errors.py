"""What only the pages refuse."""

from __future__ import annotations

from skillyard.infra.errors import Forbidden, Invalid


class FormExpired(Forbidden):
    code = "form_expired"
    text = "This form is no longer good."
    hint = "Go back, load the page again, and send it once more. Cookies must be allowed."


class FormTooLarge(Invalid):
    code = "form_too_large"
    text = "The form holds too much."
    hint = "Shorten what you typed."


class FormUnknown(Invalid):
    code = "form_unknown"
    text = "The form asks for something that there is not."
    hint = "Go back, load the page again, and use its buttons."


class InputNotJson(Invalid):
    code = "input_not_json"
    text = "The input is not JSON: line {line}, column {column}."
    hint = 'Text and names go between double quotes, as in {{"city": "Rome"}}.'


class LimitUnreadable(Invalid):
    code = "limit_unreadable"
    text = "Line {line} of the limits cannot be read."
    hint = "Write each limit on a line of its own, as `repo = acme/*`."
