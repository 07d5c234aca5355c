"""What a run is to a Kubernetes cluster: a Secret with its parcel, a Job with its pod, and a policy of no network."""

from __future__ import annotations

import base64
import math
import secrets
from collections.abc import Mapping
from typing import Any

from skillyard.sandbox.model import Limits

LABEL = "skillyard-run"
MAX_SECRET_BYTES = 900_000  # of 1 MiB (Secret.data in core/v1), with room for the carrier
_MIB = 1024 * 1024
_CARRIER_BYTES = 64 * _MIB
_SPARE_S = 60
_FIRST_USER = 100_000


def secret(name: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {"app": LABEL}},
        "type": "Opaque",
        "immutable": True,
        "data": {path: base64.b64encode(content).decode() for path, content in files.items()},
    }


def network_policy() -> dict[str, Any]:
    """Nothing comes in and nothing goes out, names not either, for every pod of a run."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": LABEL},
        "spec": {"podSelector": {"matchLabels": {"app": LABEL}}, "policyTypes": ["Ingress", "Egress"]},
    }


def job(name: str, limits: Limits, *, image: str, runtime_class: str | None) -> dict[str, Any]:
    """One pod, once. Its user has a number of its own, so that limits of processes count no other run's."""
    labels = {"app": LABEL}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": math.ceil(limits.wall_s) + 2 * _SPARE_S,
            "ttlSecondsAfterFinished": _SPARE_S,
            "template": {"metadata": {"labels": labels}, "spec": _pod(name, limits, image, runtime_class)},
        },
    }


def _pod(name: str, limits: Limits, image: str, runtime_class: str | None) -> dict[str, Any]:
    user = _FIRST_USER + secrets.randbelow(1_000_000_000)
    mounts = {"work": "/work", "skill": "/skill", "deps": "/deps", "tmp": "/tmp"}  # noqa: S108 (inside the pod)
    room = {"medium": "Memory", "sizeLimit": str(limits.disk_bytes)}
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "hostname": "sandbox",
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        **({"runtimeClassName": runtime_class} if runtime_class else {}),
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{
            "name": LABEL,
            "image": image,
            "command": ["python3", "-I", "/parcel/carrier.py"],
            "securityContext": {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            },
            "resources": {
                "requests": {"cpu": "100m", "memory": str(_CARRIER_BYTES)},
                "limits": {"cpu": "1", "memory": str(limits.memory_bytes + limits.disk_bytes + _CARRIER_BYTES)},
            },
            "volumeMounts": [
                {"name": "parcel", "mountPath": "/parcel", "readOnly": True},
                *({"name": volume, "mountPath": path} for volume, path in mounts.items()),
            ],
        }],
        "volumes": [
            {"name": "parcel", "secret": {"secretName": name, "defaultMode": 0o444}},
            *({"name": volume, "emptyDir": room} for volume in mounts),
        ],
    }  # fmt: skip
