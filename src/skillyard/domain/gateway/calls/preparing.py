"""Bodies that data alone cannot describe: each is made by a function that an endpoint names in `prepare`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from skillyard.domain.gateway.calls.params import Field, fault
from skillyard.domain.gateway.calls.preparing_jira import jira_documents

Preparer = Callable[[Mapping[str, Any]], Any]
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
_FILE_TYPE = re.compile(r"(?!multipart/|message/)[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")


class NotPreparable(Exception):
    """What is wrong with the parameter `field`."""

    def __init__(self, field: str, why: str, hint: str) -> None:
        super().__init__(why)
        self.fault = fault(field, "not_acceptable", f"{field} {why}", hint)


def prepare(name: str, params: Mapping[str, Any], faults: list[Field]) -> Any:
    """The JSON value of the body; None, and a fault, when it cannot be made."""
    try:
        return PREPARERS[name](params)
    except NotPreparable as error:
        faults.append(error.fault)
        return None


def gmail_message(params: Mapping[str, Any]) -> Any:
    """A mail as Gmail's API takes it: `{"raw": …, "threadId"}`, the message of RFC 5322 in base64url.

    `to`, `cc`, `bcc`: addresses, in a list or with commas between them; `subject`; `body` as text; `html`; `from`;
    `reply_to`; `in_reply_to` and `references`: Message-IDs; `attachments`: `{"filename", "content_type", "base64"}`
    each; `thread_id`.
    """
    message = EmailMessage(policy=SMTP)
    for header in ("from", "to", "cc", "bcc", "reply_to"):
        if params.get(header):
            message[header.replace("_", "-").title()] = _addresses(header, params[header])
    for header in ("subject", "in_reply_to", "references"):
        if params.get(header):
            message[header.replace("_", "-").title()] = _line(header, params[header])
    message.set_content(str(params.get("body") or ""))
    if params.get("html"):
        message.add_alternative(str(params["html"]), subtype="html")
    for number, file in enumerate(params.get("attachments") or ()):
        _attach(message, f"attachments[{number}]", file)
    made = {"raw": base64.urlsafe_b64encode(message.as_bytes()).decode()}
    if params.get("thread_id"):
        made["threadId"] = str(params["thread_id"])
    return made


def gmail_draft(params: Mapping[str, Any]) -> Any:
    """The same as a draft: `{"message": …}`."""
    return {"message": gmail_message(params)}


def _addresses(field: str, given: Any) -> tuple[Address, ...]:
    """Each is read and written anew, so that none brings a header or a further recipient with it."""
    texts = given if isinstance(given, list) else str(given).split(",")
    found = []
    for text in (_line(field, one).strip() for one in texts):
        match = re.fullmatch(r"(?:(?P<name>[^<>]*)<)?(?P<address>[^\s<>,;\"()]+@[^\s<>,;\"()@]+)>?", text)
        try:
            if match is None:
                raise ValueError
            found.append(Address((match["name"] or "").strip().strip('"'), addr_spec=match["address"]))
        except (ValueError, IndexError):
            raise NotPreparable(
                field, "has something that is no address", "write ada@example.org or Ada <ada@…>"
            ) from None
    return tuple(found)


def _line(field: str, given: Any) -> str:
    text = str(given)
    if not _ONE_LINE.fullmatch(text) or (not text.isprintable() and not text.replace("\u00a0", " ").strip()):
        raise NotPreparable(field, "has line breaks or control characters", "write it in one line")
    return text


def _attach(message: EmailMessage, field: str, file: Mapping[str, Any]) -> None:
    kind = str(file.get("content_type") or "application/octet-stream").lower()
    try:
        content = base64.b64decode(str(file.get("base64", "")), validate=True)
    except ValueError:
        raise NotPreparable(field, "has content that is no base64", "encode the file in base64") from None
    if not _FILE_TYPE.fullmatch(kind):
        raise NotPreparable(field, "has a type that is none", "write one such as application/pdf")
    main, _, sub = kind.partition("/")
    name = _line(field, file.get("filename") or "file")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)


PREPARERS: Mapping[str, Preparer] = {
    "gmail_message": gmail_message,
    "gmail_draft": gmail_draft,
    "jira_documents": jira_documents,
}
