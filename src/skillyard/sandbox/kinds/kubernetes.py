"""Programs as Jobs of a Kubernetes cluster, each in a pod of its own: for those who outgrow one machine.

Asked over the cluster's REST API (batch/v1, core/v1, networking.k8s.io/v1). The parcel goes in as a Secret, and what
comes of it is read from the pod's log, so both are small. There is no network: that is tried out before anything runs.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skillyard.sandbox.kubernetes_objects import LABEL, MAX_SECRET_BYTES, job, network_policy, secret
from skillyard.sandbox.model import Level, Result, Sandbox, SandboxUnavailable, Task
from skillyard.sandbox.parcel import Parcel, carrier_program
from skillyard.sandbox.probed import ProbedSandbox

KIND = "kubernetes"
PLACE = 0
_IMAGE = "docker.io/library/python:3-slim"
_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 (where it is)
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_START_S = 120.0  # a node may have to be found, and an image fetched
_POLL_S = 0.25
_MAX_DISK_BYTES = 4 * 1024 * 1024  # what a log carries before it is rotated
_OWN_PROCESSES = 8
_NEVER_STARTS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
)
_TRY_NETWORK = """
import socket
for address in ({address!r}, ('1.1.1.1', 443)):
    try:
        socket.create_connection(address, timeout=3).close()
        print('reached', *address)
    except OSError:
        pass
"""
_MISSING = (
    "network: hosts that are declared cannot be reached",
    f"disk_bytes: at most {_MAX_DISK_BYTES} come back; at most {MAX_SECRET_BYTES} go in, skill and packages with them",
    "memory_bytes counts together with disk_bytes: the workspace is kept in memory",
    "writing what is not declared fails only afterwards: it does not leave the pod",
)

Request = Callable[..., Any]


def open_kind(options: Mapping[str, str], connect: Request | None) -> Sandbox:
    """Options: `server` (the address of the API), `namespace`, `token_file`, `image`, `runtime_class`.
    `connect`: makes one HTTP request, as `Outbound.request` does. Raises SandboxUnavailable.
    """
    server, namespace = options.get("server", "").rstrip("/"), options.get("namespace", "default")
    if connect is None or urlsplit(server).scheme not in ("https", "http"):
        raise SandboxUnavailable("no cluster is named", "set the option server to the address of its API")
    if not _NAMESPACE.fullmatch(namespace):
        raise SandboxUnavailable(f"{namespace[:70]!r} is not a namespace", "set the option namespace")
    cluster = Cluster(connect, server, namespace, Path(options.get("token_file", _TOKEN_FILE)))
    return KubernetesSandbox(cluster, image=options.get("image", _IMAGE), runtime_class=options.get("runtime_class"))


class Cluster:
    """The API of one cluster, with the names of one namespace."""

    def __init__(self, request: Request, server: str, namespace: str, token_file: Path) -> None:
        self.server = server
        self._request = request
        self._namespace = namespace
        self._token_file = token_file

    def ask(self, method: str, path: str, body: object = None, *, also: tuple[int, ...] = ()) -> bytes:
        """The body of a good answer, nothing for one with a status in `also`. Raises SandboxUnavailable."""
        try:
            token = self._token_file.read_text().strip()  # anew: a cluster replaces it now and then
        except OSError:
            raise SandboxUnavailable(f"there is no token in {self._token_file}", "set the option token_file") from None
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        sent = json.dumps(body).encode() if body is not None else b""
        try:
            answer = self._request(method, self.server + path, headers=headers, body=sent)
        except Exception as error:
            raise SandboxUnavailable(f"the cluster cannot be asked: {error}", "see whether its API answers") from error
        if answer.status >= 300 and answer.status not in also:
            said = _read(answer.body).get("message") or f"status {answer.status}"
            raise SandboxUnavailable(f"the cluster refuses: {str(said)[:300]}", "see what the token may do there")
        return bytes(answer.body) if answer.status < 300 else b""

    def core(self, path: str) -> str:
        return f"/api/v1/namespaces/{self._namespace}/{path}"

    def group(self, group: str, path: str) -> str:
        return f"/apis/{group}/namespaces/{self._namespace}/{path}"


class KubernetesSandbox(ProbedSandbox):
    """Each run gets a Job and a Secret of its own, which are deleted afterwards."""

    name = KIND

    def __init__(self, cluster: Cluster, *, image: str, runtime_class: str | None) -> None:
        super().__init__()
        self._cluster = cluster
        self._image = image
        self._runtime_class = runtime_class

    def run(self, task: Task) -> Result:
        level = self.probe()
        if task.has_way_out:
            hint = "run it where the sandbox is bubblewrap or container"
            raise SandboxUnavailable(
                "in a cluster a program cannot be held to the hosts it declares, nor reach the gateway", hint
            )
        most = min(task.limits.disk_bytes, _MAX_DISK_BYTES)
        task = replace(task, limits=replace(task.limits, disk_bytes=most))
        with self._parcel(task) as parcel:
            return self._carry_out(task, parcel, level)

    def _try(self) -> Level:
        version = str(_read(self._cluster.ask("GET", "/version")).get("gitVersion"))
        policies = self._cluster.group("networking.k8s.io/v1", "networkpolicies")
        self._cluster.ask("POST", policies, network_policy(), also=(409,))
        api = urlsplit(self._cluster.server)
        address = (str(api.hostname), api.port or (443 if api.scheme == "https" else 80))
        with tempfile.TemporaryDirectory() as folder:
            code = _TRY_NETWORK.format(address=address) + "print('done')"
            task = Task(arguments=("python", "-c", code), workspace=Path(folder))
            with self._parcel(task) as parcel:
                result = self._carry_out(task, parcel, Level(kind=KIND, version=version, parts=()))
        if result.stdout != b"done\n":
            said = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-300:]
            hint = "use a network plugin that enforces network policies"
            raise SandboxUnavailable(f"a pod is not cut off from the network: {said}", hint)
        around = f"pod, runtime class {self._runtime_class}" if self._runtime_class else "pod"
        own = ("a user id of its own", "no capabilities", "no new privileges", "read-only system", "no network")
        return Level(kind=KIND, version=version, parts=(around, *own, *parcel.parts), missing=_MISSING)

    def _parcel(self, task: Task) -> Parcel:
        rlimits = {"NOFILE": 1024, "NPROC": task.limits.processes + _OWN_PROCESSES}
        return Parcel(task, carried=("skill", "layer"), rlimits=rlimits)

    def _carry_out(self, task: Task, parcel: Parcel, level: Level) -> Result:
        packed = io.BytesIO()
        parcel.write(packed, packing="w|gz")
        size = len(packed.getvalue())
        if size > MAX_SECRET_BYTES:
            why = f"the files of the run have {size} bytes packed, {MAX_SECRET_BYTES} can go to a cluster"
            raise SandboxUnavailable(why, "run it where the sandbox is bubblewrap or container")
        name = f"skillyard-{secrets.token_hex(8)}"
        folders = {"work": "/work", "skill": "/skill", "deps": "/deps"}
        program = carrier_program("open('/parcel/parcel.tar.gz', 'rb')", folders).encode()
        files = {"carrier.py": program, "parcel.tar.gz": packed.getvalue()}
        began = time.monotonic()
        try:
            self._cluster.ask("POST", self._cluster.core("secrets"), secret(name, files))
            made = job(name, task.limits, image=self._image, runtime_class=self._runtime_class)
            self._cluster.ask("POST", self._cluster.group("batch/v1", "jobs"), made)
            limits_hit, is_cancelled = _Watch(self._cluster, name, task, parcel).to_the_end()
        finally:
            background = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
            self._cluster.ask("DELETE", self._cluster.group("batch/v1", f"jobs/{name}"), background, also=(404,))
            self._cluster.ask("DELETE", self._cluster.core(f"secrets/{name}"), also=(404,))
        duration_ms = round((time.monotonic() - began) * 1000)
        return parcel.result(level, duration_ms=duration_ms, limits_hit=limits_hit, is_cancelled=is_cancelled)


class _Watch:
    """Follows the pod of a Job, and its log as far as that is whole lines."""

    def __init__(self, cluster: Cluster, name: str, task: Task, parcel: Parcel) -> None:
        self._cluster = cluster
        self._name = name
        self._task = task
        self._parcel = parcel
        self._read_bytes = 0

    def to_the_end(self) -> tuple[set[str], bool]:
        """The limits for which it was ended from outside, and whether it was cancelled. Raises SandboxUnavailable."""
        last = time.monotonic() + _START_S + self._task.limits.wall_s
        while time.monotonic() < last:
            if self._task.is_cancelled and self._task.is_cancelled():
                return set(), True
            pod = self._pod()
            phase, state = _state_of(pod)
            if phase in ("Running", "Succeeded", "Failed"):
                self._read_log(pod["metadata"]["name"])
            if self._parcel.has_ended:
                return set(), False
            if phase in ("Succeeded", "Failed"):
                is_short = state.get("terminated", {}).get("reason") == "OOMKilled"
                return ({"memory_bytes"} if is_short else set()), False
            waiting = state.get("waiting", {})
            if waiting.get("reason") in _NEVER_STARTS:
                said = f"{waiting['reason']} {waiting.get('message', '')}"[:300]
                raise SandboxUnavailable(f"the pod does not start: {said}", "see that the image can be had there")
            time.sleep(_POLL_S)
        return {"wall_s"}, False

    def _pod(self) -> dict[str, Any]:
        path = self._cluster.core(f"pods?labelSelector=batch.kubernetes.io%2Fjob-name%3D{self._name}")
        items = _read(self._cluster.ask("GET", path)).get("items")
        return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}

    def _read_log(self, pod: str) -> None:
        log = self._cluster.ask("GET", self._cluster.core(f"pods/{pod}/log?container={LABEL}"), also=(400, 404))
        whole = log.rfind(b"\n") + 1
        for line in log[self._read_bytes : whole].splitlines(keepends=True):
            self._parcel.read(line)
        self._read_bytes = max(self._read_bytes, whole)


def _state_of(pod: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Its phase, and the state of its container."""
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or [{}]
    return str(status.get("phase")), containers[0].get("state") or {}


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
