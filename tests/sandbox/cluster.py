"""A cluster on loopback that speaks Kubernetes' API as far as Jobs need it; its pods run in bubblewrap."""

from __future__ import annotations

import base64
import json
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sandbox.elsewhere import elsewhere

TOKEN = "token-of-the-service-account"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_MAX_SECRET_BYTES = 1024 * 1024
_OBJECT = re.compile(
    r"/(?:api|apis)/(?P<group>v1|[a-z0-9.]+/v1)/namespaces/runs/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+))?(?P<log>/log)?"
)
_KINDS = {
    "secrets": ("v1", "Secret"),
    "jobs": ("batch/v1", "Job"),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy"),
}


class Problem(Exception):
    """Told as an object of kind Status."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
        }
        self.code = code


class Pod:
    """One container, with its log; it is ended for memory as a node does it."""

    def __init__(self, spec: dict[str, Any], secrets: dict[str, Any], *, has_network: bool) -> None:
        container = spec["containers"][0]
        self.log = b""
        self.reason = "Completed"
        self._folder = tempfile.TemporaryDirectory()
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        files = {}
        for mount in container["volumeMounts"]:
            if "secret" in volumes[mount["name"]]:
                for name, data in secrets[volumes[mount["name"]]["secret"]["secretName"]]["data"].items():
                    path = Path(self._folder.name, name)
                    path.write_bytes(base64.b64decode(data, validate=True))
                    files[f"{mount['mountPath']}/{name}"] = path
        self._process = elsewhere(container["command"], files=files, has_network=has_network)
        self._most_bytes = int(container["resources"]["limits"]["memory"])
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        threading.Thread(target=self._watch_memory, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        while data := self._process.stdout.read(65536):
            self.log += data

    def _watch_memory(self) -> None:
        while self._process.poll() is None:
            if _memory_of(self._process.pid) > self._most_bytes:
                self.reason = "OOMKilled"
                self._process.kill()
            time.sleep(0.02)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def status(self) -> dict[str, Any]:
        code = self._process.poll()
        if code is None or self._reading.is_alive():
            return {"phase": "Running", "containerStatuses": [{"name": "skillyard-run", "state": {"running": {}}}]}
        ended = {"terminated": {"exitCode": code, "reason": self.reason if code else "Completed"}}
        return {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [{"name": "skillyard-run", "state": ended}],
        }


def _memory_of(pid: int) -> int:
    total = 0
    with suppress(OSError, ValueError):
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += _memory_of(int(child))
    return total


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            if self.headers.get("authorization") != f"Bearer {TOKEN}":
                raise Problem(401, "Unauthorized", "Unauthorized")
            code, answer = self.cluster.answer(self.command, self.path, json.loads(body) if body else None)
        except Problem as problem:
            code, answer = problem.code, problem.status
        said = answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, bytes) else "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = do_any  # noqa: N815 (so the library wants it)

    def log_message(self, *_: object) -> None:
        pass


class Cluster:
    """`broken` is what pods wait for instead of starting; `has_network`: its policies are not enforced."""

    def __init__(self, *, broken: str | None, has_network: bool) -> None:
        self.broken = broken
        self.has_network = has_network
        self.objects: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
        self.pods: dict[str, Pod | None] = {}
        self.asked: list[tuple[str, str]] = []
        self.port = 0
        # What a thread starts in bubblewrap ends with that thread, and those that answer are short-lived.
        self._node = ThreadPoolExecutor(1)

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(target)
        self.asked.append((method, parts.path))
        if (method, parts.path) == ("GET", "/version"):
            return 200, {"major": "1", "minor": "32", "gitVersion": "v1.32.4"}
        match = _OBJECT.fullmatch(parts.path)
        if match is None:
            raise Problem(404, "NotFound", "the server could not find the requested resource")
        kind, name = match["kind"], match["name"]
        if kind == "pods":
            return 200, self._log(name) if match["log"] else self._list(parse_qs(parts.query)["labelSelector"][0])
        if kind not in _KINDS or match["group"] != _KINDS[kind][0]:
            raise Problem(404, "NotFound", "the server could not find the requested resource")
        return self._create(kind, body) if method == "POST" else self._delete(kind, name)

    def _create(self, kind: str, body: Any) -> tuple[int, Any]:
        if (body["apiVersion"], body["kind"]) != _KINDS[kind]:
            raise Problem(400, "BadRequest", "the object provided is unrecognized")
        name = body["metadata"]["name"]
        if not _NAME.fullmatch(name) or (kind == "secrets" and _size(body) > _MAX_SECRET_BYTES):
            raise Problem(422, "Invalid", f"{kind} {name!r} is invalid")
        if name in self.objects[kind]:
            raise Problem(409, "AlreadyExists", f"{kind} {name!r} already exists")
        self.objects[kind][name] = body
        if kind == "jobs":
            spec = body["spec"]["template"]["spec"]
            if spec["restartPolicy"] not in ("Never", "OnFailure"):
                raise Problem(422, "Invalid", "spec.template.spec.restartPolicy: Required value")
            self.pods[name] = None
            if not self.broken:
                pod = self._node.submit(Pod, spec, self.objects["secrets"], has_network=self.has_network)
                self.pods[name] = pod.result()
        return 201, body

    def _delete(self, kind: str, name: str) -> tuple[int, Any]:
        if self.objects[kind].pop(name, None) is None:
            raise Problem(404, "NotFound", f"{kind} {name!r} not found")
        if kind == "jobs" and (pod := self.pods.pop(name)):
            pod.end()
        return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _list(self, selector: str) -> dict[str, Any]:
        label, _, name = selector.partition("=")
        assert label == "batch.kubernetes.io/job-name"
        if name not in self.pods:
            return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}
        pod = self.pods[name]
        waiting = {"waiting": {"reason": self.broken, "message": "it cannot be had"}}
        status = (
            pod.status()
            if pod
            else {"phase": "Pending", "containerStatuses": [{"name": "skillyard-run", "state": waiting}]}
        )
        item = {"metadata": {"name": f"{name}-abcde", "labels": {label: name}}, "status": status}
        return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [item]}

    def _log(self, name: str) -> bytes:
        pod = self.pods.get(name.removesuffix("-abcde"))
        if pod is None:
            raise Problem(400, "BadRequest", 'container "skillyard-run" is waiting to start: ContainerCreating')
        return pod.log


def _size(body: Any) -> int:
    return sum(len(base64.b64decode(data, validate=True)) for data in body["data"].values())


@contextmanager
def cluster(*, broken: str | None = None, has_network: bool = False) -> Iterator[Cluster]:
    served = Cluster(broken=broken, has_network=has_network)
    handler = type("Handler", (_Api,), {"cluster": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    served.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        for pod in filter(None, served.pods.values()):
            pod.end()
