"""The gateway for skills that run on this machine: what their programs ask is passed on to the registry, which has the
accounts and knows the consent; the token with which it is asked stays outside of the sandbox.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from skillyard.sandbox.model import Task
from skillyard.sandbox.service import Service, ServiceAnswer, ServiceRequest
from skillyard.sdk.client import Client
from skillyard.sdk.errors import SdkError
from skillyard.skill.lockfile import LockedSkill

HOST = "gateway.skillyard.internal"


def with_gateway(connect: Callable[[], Client], skill: LockedSkill, task: Task) -> Task:
    """The task with what it needs to call. The lease is good for this service alone."""
    lease = secrets.token_urlsafe(24)
    environment = {"SKILLYARD_GATEWAY": f"http://{HOST}:3128", "SKILLYARD_LEASE": lease}
    service = _service(connect, skill, lease)
    return replace(task, environment={**task.environment, **environment}, services={HOST: service})


def _service(connect: Callable[[], Client], skill: LockedSkill, lease: str) -> Service:
    def answer(request: ServiceRequest) -> ServiceAnswer:
        given = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {lease}".encode()):
            return _say(401, {"error": "unauthorized", "message": "This is not the lease of this run."})
        try:
            body = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return _say(400, {"error": "bad_request", "message": "The body of the call is no JSON object."})
        try:
            with connect() as client:
                said = client.ask_gateway(
                    skill.name, skill.version, skill.digest, method=request.method, path=request.path, body=body
                )
        except SdkError as error:
            return _say(502, {"error": error.code, "message": error.message, "hint": error.hint})
        return _say(said["status"], said["body"])

    return answer


def _say(status: int, body: dict[str, Any]) -> ServiceAnswer:
    return ServiceAnswer(status=status, body=json.dumps(body).encode())
