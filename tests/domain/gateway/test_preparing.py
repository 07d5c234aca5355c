"""Mails for Gmail: read back by the standard library as what was given, and never as more than that."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.gateway.calls.params import Field
from skillyard.domain.gateway.calls.preparing import prepare

LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=60).map(str.strip)


def mail(**params: Any) -> EmailMessage:
    faults: list[Field] = []
    made = prepare("gmail_message", {"to": "bob@example.org", "subject": "Hello", "body": "Hi", **params}, faults)
    assert faults == []
    return message_from_bytes(base64.urlsafe_b64decode(made["raw"]), policy=default)


def test_a_mail_has_what_was_given() -> None:
    read = mail(
        to=["Bob Müller <bob@example.org>", "carl@example.org"],
        cc="dora@example.org, eve@example.org",
        subject="Grüße — 7 €",
        body="Zeile eins\nZeile zwei ✓",
        html="<b>Zeile</b>",
        in_reply_to="<abc@mail.example>",
        attachments=[{"filename": "bericht ä.pdf", "content_type": "application/pdf", "base64": "JVBERg=="}],
    )
    assert [address.addr_spec for address in read["to"].addresses] == ["bob@example.org", "carl@example.org"]
    assert read["to"].addresses[0].display_name == "Bob Müller"
    assert len(read["cc"].addresses) == 2
    assert read["subject"] == "Grüße — 7 €"
    assert read["in-reply-to"] == "<abc@mail.example>"
    body, html = read.get_body(("plain",)), read.get_body(("html",))
    assert body is not None
    assert body.get_content().splitlines() == ["Zeile eins", "Zeile zwei ✓"]
    assert html is not None
    assert html.get_content().strip() == "<b>Zeile</b>"
    (file,) = read.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "bericht ä.pdf", "application/pdf", b"%PDF",
    )  # fmt: skip


def test_an_answer_names_its_thread_and_a_draft_wraps_its_message() -> None:
    params = {"to": "bob@example.org", "subject": "x", "body": "y", "thread_id": "17"}
    assert prepare("gmail_message", params, [])["threadId"] == "17"
    assert prepare("gmail_draft", params, [])["message"]["threadId"] == "17"


@given(LINES, LINES)
def test_a_subject_is_a_subject_whatever_it_says(subject: str, name: str) -> None:
    faults: list[Field] = []
    made = prepare("gmail_message", {"to": "bob@example.org", "subject": subject, "body": name}, faults)
    if faults:
        return
    read = message_from_bytes(base64.urlsafe_b64decode(made["raw"]), policy=default)
    assert set(read.keys()) <= {"To", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert [address.addr_spec for address in read["to"].addresses] == ["bob@example.org"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "x\r\nBcc: all@example.org"),
        ("subject", "x\nBcc: all@example.org"),
        ("subject", "x\u2028y"),
        ("to", "bob@example.org\r\nBcc: all@example.org"),
        ("to", "bob"),
        ("to", ["bob@example.org\nall@example.org"]),
        ("to", "Bob <bob@example.org> <all@example.org>"),
        ("cc", "a b@example.org"),
        ("from", "ada@example.org\x00"),
        ("in_reply_to", "<a@b>\r\nX: y"),
        ("attachments", [{"filename": "a\r\nX: y", "base64": ""}]),
        ("attachments", [{"filename": "a", "content_type": "text/plain\r\nX: y", "base64": ""}]),
        ("attachments", [{"filename": "a", "content_type": "multipart/mixed", "base64": ""}]),
        ("attachments", [{"filename": "a", "base64": "§"}]),
    ],
)
def test_what_would_bring_another_header_is_refused_with_its_field(field: str, value: Any) -> None:
    faults: list[Field] = []
    params = {"to": "bob@example.org", "subject": "x", "body": "y", field: value}
    assert prepare("gmail_message", params, faults) is None
    (fault,) = faults
    assert fault["field"].startswith(field)
