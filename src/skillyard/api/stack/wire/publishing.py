"""What somebody publishes: STACK's flat body, with its two vocabularies of steps, becomes a skill like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from skillyard.api.stack.errors import BodyNotValid
from skillyard.api.stack.wire.fields import Body, Id, JsonSchema, Name, Price, Tags
from skillyard.domain.market.model import OfferChanges, OfferSpec
from skillyard.domain.market.rules import listed
from skillyard.skill.executable import MAX_STEPS, Executable, TrustLevel, read_executable
from skillyard.skill.faults import Fault
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions, read_permissions
from skillyard.skill.reading import Place

MOST_SCRIPT_CHARS = 100_000
MOST_STEPS_CHARS = 500_000
MOST_DEPENDENCY_CHARS = 10_000
_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_ENDINGS = {"python": "py", "javascript": "js"}
_FLAT = ("execution_script", "execution_runtime", "dependencies", "llm_enabled", "llm_model")
# How the fields of executable.json are called here.
_SPELLING = (
    ("credentials.required", "required_credentials"),
    ("credentials.seller_limit", "seller_credential_limit"),
    ("credentials.mode", "credential_mode"),
    ("trust_level", "trust_level_required"),
    ("steps", "execution_steps"),
)

Slug = Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=_SLUG)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Description = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class LlmConfig(Body):
    temperature: float | None = None
    max_tokens: StrictInt | None = None
    system_prompt: str | None = None


class ScriptStepBody(Body):
    type: Literal["script"]
    label: Label
    runtime: Literal["python", "javascript"]
    script: Annotated[str, StringConstraints(min_length=1, max_length=MOST_STEPS_CHARS)]


class LlmStepBody(Body):
    type: Literal["llm"]
    label: Label
    llm_provider: Name
    llm_model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    llm_config: LlmConfig | None = None


StepBody = Annotated[ScriptStepBody | LlmStepBody, Field(discriminator="type")]


class RequiredCredentialBody(Body):
    provider: Name
    scopes: list[Name] = Field(default_factory=list, max_length=20)


class SellerLimitBody(Body):
    max_calls: StrictInt | None = None
    max_cost_credits: StrictInt | None = None


class _Files(dict[str, bytes]):
    """The files of steps, as those of a skill are read."""

    def read(self, path: str) -> bytes:
        return self[path]


class PublishBody(Body):
    """`namespace` and `permissions` are ours: whose it is if not the caller's own, and what its scripts may do."""

    name: Slug
    description: Description
    version: Version
    input_schema: JsonSchema
    output_schema: JsonSchema
    trust_level_required: TrustLevel
    tags: Tags = Field(default_factory=list)
    price_credits: Price | None = None
    price_per_invocation: Price | None = None
    agent_id: Id | None = None
    execution_mode: Literal["open", "sealed", "source"] = "open"
    credential_mode: Literal["none", "buyer_provides", "seller_provides", "both"] = "none"
    required_credentials: list[RequiredCredentialBody] = Field(default_factory=list, max_length=10)
    seller_credential_limit: SellerLimitBody | None = None
    llm_enabled: StrictBool | None = None
    llm_provider: Name | None = None
    llm_model: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    llm_config: LlmConfig | None = None
    execution_script: Annotated[str, StringConstraints(max_length=MOST_SCRIPT_CHARS)] | None = None
    execution_runtime: Literal["python", "javascript", "none"] | None = None
    dependencies: Annotated[str, StringConstraints(max_length=MOST_DEPENDENCY_CHARS)] | None = None
    accepts_requests: StrictBool = True
    execution_steps: list[StepBody] | None = Field(default=None, min_length=1, max_length=MAX_STEPS)
    namespace: Name | None = None
    permissions: dict[str, Any] | None = None


class UpdateBody(Body):
    """`name` may be sent as long as it is the same."""

    name: Name | None = None
    description: Description | None = None
    version: Version | None = None
    input_schema: JsonSchema | None = None
    output_schema: JsonSchema | None = None
    trust_level_required: TrustLevel | None = None
    tags: Tags | None = None
    price_credits: Price | None = None
    price_per_invocation: Price | None = None


def read_publish(body: PublishBody, *, namespace: str) -> OfferSpec:
    """The skill in the caller's `namespace`, unless the body names another. Raises BodyNotValid with every fault."""
    faults = _check_vocabulary(body)
    steps, files = _steps(body)
    permissions, found = read_permissions(body.permissions) if body.permissions is not None else (NO_PERMISSIONS, [])
    executable = _executable(body, steps, files, faults)
    faults += found
    if executable is None or any(fault.severity == "error" for fault in faults):
        raise BodyNotValid(**listed([_respelled(fault) for fault in faults if fault.severity == "error"]))
    return _spec(body, body.namespace or namespace, executable, files, permissions)


def read_update(body: UpdateBody) -> OfferChanges:
    price = body.price_per_invocation if body.price_per_invocation is not None else body.price_credits
    return OfferChanges(
        description=body.description,
        tags=None if body.tags is None else tuple(body.tags),
        trust_level=body.trust_level_required,
        price=price,
        version=body.version,
        input_schema=body.input_schema,
        output_schema=body.output_schema,
    )


def _spec(
    body: PublishBody, namespace: str, executable: Executable, files: Mapping[str, bytes], permissions: Permissions
) -> OfferSpec:
    return OfferSpec(
        name=SkillName.parse(f"{namespace}/{body.name}"),
        version=body.version,
        description=body.description,
        executable=executable,
        tags=tuple(body.tags),
        files=files,
        permissions=permissions,
        agent_id=body.agent_id,
    )


def _check_vocabulary(body: PublishBody) -> list[Fault]:
    """Steps are told in one of two ways, never in both."""
    said = [name for name in _FLAT if getattr(body, name) is not None]
    if body.execution_steps is not None and said:
        message = f"execution_steps cannot be mixed with {', '.join(said)}"
        return [Fault(code="mixed_steps", message=message, hint="use one of the two ways to tell steps")]
    faults = []
    total = sum(len(step.script) for step in body.execution_steps or () if isinstance(step, ScriptStepBody))
    if total > MOST_STEPS_CHARS:
        message = f"the scripts of execution_steps have {total} characters together, {MOST_STEPS_CHARS} are allowed"
        faults.append(Fault(code="too_large", message=message, hint="shorten them"))
    if body.execution_script and body.execution_runtime in (None, "none"):
        hint = "write python or javascript"
        faults.append(Fault(code="runtime_missing", message="execution_script has no execution_runtime", hint=hint))
    if body.llm_enabled and not (body.llm_provider and body.llm_model):
        hint = "name both, or leave llm_enabled out"
        faults.append(Fault(code="model_missing", message="llm_enabled needs llm_provider and llm_model", hint=hint))
    return faults


def _steps(body: PublishBody) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """As `executable.json` has them, and the files that they name."""
    steps = _flat_steps(body) if body.execution_steps is None else body.execution_steps
    files = _dependencies(body)
    written: list[dict[str, Any]] = []
    for number, step in enumerate(steps, 1):
        if isinstance(step, ScriptStepBody):
            file = f"steps/{number}.{_ENDINGS[step.runtime]}"
            files[file] = step.script.encode(errors="surrogatepass")
            written.append({"type": "script", "label": step.label, "runtime": step.runtime, "file": file})
        else:
            config = step.llm_config.model_dump(exclude_none=True) if step.llm_config else {}
            named = {"label": step.label, "provider": step.llm_provider, "model": step.llm_model}
            written.append({"type": "llm", "config": config, **named})
    return written, files


def _flat_steps(body: PublishBody) -> list[StepBody]:
    """First the script, then the model."""
    steps: list[StepBody] = []
    if body.execution_script and body.execution_runtime in ("python", "javascript"):
        runtime: Literal["python", "javascript"] = body.execution_runtime
        steps.append(ScriptStepBody(type="script", label="script", runtime=runtime, script=body.execution_script))
    if body.llm_enabled and body.llm_provider and body.llm_model:
        model = {"llm_provider": body.llm_provider, "llm_model": body.llm_model}
        steps.append(LlmStepBody(type="llm", label="llm", llm_config=body.llm_config, **model))
    return steps


def _dependencies(body: PublishBody) -> dict[str, bytes]:
    """A line each, as pip or npm take them on the command line; for JavaScript, also a package.json as it is."""
    text = (body.dependencies or "").strip()
    if not text or body.execution_runtime not in ("python", "javascript"):
        return {}
    if body.execution_runtime == "python":
        return {"requirements.txt": f"{text}\n".encode(errors="surrogatepass")}
    if text.startswith("{"):
        return {"package.json": text.encode(errors="surrogatepass")}
    named = {}
    for line in filter(None, map(str.strip, text.replace(",", "\n").splitlines())):
        name, at, wanted = line[1:].partition("@")
        named[line[0] + name] = wanted if at else "*"
    return {"package.json": json.dumps({"dependencies": named}, indent=2).encode()}


def _executable(
    body: PublishBody, steps: list[dict[str, Any]], files: Mapping[str, bytes], faults: list[Fault]
) -> Executable | None:
    limit = body.seller_credential_limit
    price = body.price_per_invocation if body.price_per_invocation is not None else body.price_credits
    value = {
        "input_schema": body.input_schema,
        "output_schema": body.output_schema,
        "trust_level": body.trust_level_required,
        "mode": body.execution_mode,
        "credentials": {
            "mode": body.credential_mode,
            "required": [one.model_dump() for one in body.required_credentials],
            "seller_limit": limit.model_dump(exclude_none=True) if limit else {},
        },
        "price": price or 0,
        "accepts_requests": body.accepts_requests,
        "steps": steps,
    }
    return read_executable(value, Place(faults=faults), _Files(files))


def _respelled(fault: Fault) -> Fault:
    message = fault.message
    for ours, theirs in _SPELLING:
        if message.startswith(ours):
            return replace(fault, message=theirs + message[len(ours) :])
    return fault
