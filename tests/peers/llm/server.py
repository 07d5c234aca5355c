"""A service with language models on loopback that speaks OpenAI's and Anthropic's API, and behaves as a test says.

Requests are held against what the makers' own libraries say that they are, and answers are built with their types: what
passes here has their shape. No model runs: a test says what one would answer.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from anthropic.types import Message, MessageCreateParams
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

OPENAI_PATH, ANTHROPIC_PATH = "/v1/chat/completions", "/v1/messages"
_KNOWN_FIELDS = {
    OPENAI_PATH: set(CompletionCreateParamsNonStreaming.__annotations__) | {"messages", "model", "tools"},
    ANTHROPIC_PATH: {"model", "max_tokens", "messages", "system", "temperature", "tools", "tool_choice", "stream",
                     "betas", "metadata", "stop_sequences", "top_p", "top_k", "thinking"},
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def key(self) -> str:
        return self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def instructions(self) -> str:
        if self.path == ANTHROPIC_PATH:
            system = self.body.get("system", "")
            return system if isinstance(system, str) else "".join(block["text"] for block in system)
        return "".join(_text(one) for one in self.body["messages"] if one["role"] in ("system", "developer"))

    @property
    def data(self) -> str:
        return "".join(_text(one) for one in self.body["messages"] if one["role"] == "user")

    @property
    def tool(self) -> dict[str, Any] | None:
        """The arguments that the one tool takes."""
        tools = self.body.get("tools") or []
        if not tools:
            return None
        found: dict[str, Any] = (
            tools[0]["input_schema"] if self.path == ANTHROPIC_PATH else tools[0]["function"]["parameters"]
        )
        return found


@dataclass(frozen=True, kw_only=True)
class Says:
    """What a model answers: `text`, or `value` as the tool's argument. `raw`: the whole body instead, as it is."""

    text: str = ""
    value: Any = None
    tokens: tuple[int, int] | None = (100, 20)
    finish: str = ""
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    is_endless: bool = False


Behaviour = Callable[[Asked], Says]


def echo(asked: Asked) -> Says:
    """The model that answers with its data, or with as little as the tool's schema allows."""
    return Says(text=asked.data) if asked.tool is None else Says(value=least_value(asked.tool))


@dataclass
class LlmPeer:
    """`behave` says what is answered; the requests are in `asked`."""

    port: int
    behave: Behaviour = echo
    asked: list[Asked] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def openai_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a server that knows this service, under three names."""
        return {
            "outbound_http_loopback": True,
            "llm": {
                "openai": {"base_url": self.openai_url},
                "anthropic": {"base_url": self.anthropic_url, "protocol": "anthropic"},
                "own": {"base_url": self.openai_url, "needs_key": False},
            },
        }

    def reset(self) -> None:
        self.behave = echo
        self.asked.clear()
        self.faults.clear()

    def in_turn(self, *answers: Says) -> None:
        """Answer so, one after the other, and go on with the last."""
        left = list(answers)
        taking = threading.Lock()

        def next_one(_: Asked) -> Says:
            with taking:
                return left.pop(0) if len(left) > 1 else left[0]

        self.behave = next_one


@contextlib.contextmanager
def running_llm_peer() -> Iterator[LlmPeer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    peer = server.peer = LlmPeer(port=server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()


def least_value(schema: Any) -> Any:
    """A small value that fits a plain schema."""
    if not isinstance(schema, dict):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if kind == "object":
        return {name: least_value(schema.get("properties", {}).get(name, {})) for name in schema.get("required", [])}
    plain = {"array": [], "string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
    return plain[kind]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        peer: LlmPeer = self.server.peer  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        peer.asked.append(asked)
        peer.faults += _faults(asked)
        says = peer.behave(asked)
        time.sleep(says.wait_s)
        with contextlib.suppress(OSError):
            self._endless() if says.is_endless else self._answer(says, _body(asked, says))

    def _answer(self, says: Says, body: bytes) -> None:
        self.send_response(says.status)
        for name, value in {"content-type": "application/json", **says.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _faults(asked: Asked) -> list[str]:
    """What the real service would refuse."""
    if asked.path not in _KNOWN_FIELDS:
        return [f"no such path: {asked.path}"]
    unknown = set(asked.body) - _KNOWN_FIELDS[asked.path]
    found = [f"{asked.path} knows no field {name}" for name in sorted(unknown)]
    adapter = _adapter(asked.path)
    try:
        adapter.validate_python(asked.body)
    except ValueError as error:
        found.append(f"{asked.path}: {error}")
    if asked.path == ANTHROPIC_PATH and "anthropic-version" not in asked.headers:
        found.append("anthropic-version is missing")
    return found


def _adapter(path: str) -> TypeAdapter[Any]:
    return TypeAdapter(MessageCreateParams if path == ANTHROPIC_PATH else CompletionCreateParamsNonStreaming)


def _body(asked: Asked, says: Says) -> bytes:
    if says.raw is not None:
        return says.raw
    if says.status != 200:
        return json.dumps({"type": "error", "error": {"type": "made_up", "message": says.text}}).encode()
    made = _anthropic(asked, says) if asked.path == ANTHROPIC_PATH else _openai(asked, says)
    return json.dumps(made).encode()


def _openai(asked: Asked, says: Says) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": says.text or None}
    if says.value is not None:
        name = asked.body["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": json.dumps(says.value)}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    finish = says.finish or ("tool_calls" if says.value is not None else "stop")
    made = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_800_000_000,
        "model": asked.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if says.tokens:
        read, written = says.tokens
        made["usage"] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    ChatCompletion.model_validate(made)
    return made


def _anthropic(asked: Asked, says: Says) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": says.text}] if says.text else []
    if says.value is not None:
        content.append(
            {"type": "tool_use", "id": "toolu_1", "name": asked.body["tools"][0]["name"], "input": says.value}
        )
    read, written = says.tokens or (0, 0)
    finish = {"length": "max_tokens"}.get(says.finish) or ("tool_use" if says.value is not None else "end_turn")
    made = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.body["model"],
        "content": content,
        "stop_reason": finish,
        "stop_sequence": None,
        "usage": {"input_tokens": read, "output_tokens": written},
    }
    Message.model_validate(made)
    return made


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
