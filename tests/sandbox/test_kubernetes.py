"""Jobs of a cluster: what is asked of it, and what is refused rather than run without isolation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillyard.sandbox.kubernetes_objects import job, network_policy
from skillyard.sandbox.model import Limits, SandboxUnavailable, Task
from skillyard.skill.permissions import Permissions
from tests.sandbox.cluster import cluster
from tests.sandbox.kinds import open_in_cluster


def _refused(folder: Path, **broken: object) -> str:
    with cluster(**broken) as served, pytest.raises(SandboxUnavailable) as caught, open_in_cluster(served, folder):  # type: ignore[arg-type]
        pass
    assert served.objects["jobs"] == served.objects["secrets"] == {}
    return caught.value.why


def test_nothing_of_a_run_stays_in_the_cluster(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with cluster() as served, open_in_cluster(served, tmp_path) as sandbox:
        result = sandbox.run(Task(arguments=("python", "-c", "print(1)"), workspace=tmp_path / "work"))
        assert result.stdout == b"1\n"
        assert served.objects["jobs"] == served.objects["secrets"] == {}
        assert list(served.objects["networkpolicies"]) == ["skillyard-run"]


def test_a_cluster_that_does_not_cut_pods_off_is_refused(tmp_path: Path) -> None:
    assert "a pod is not cut off from the network: reached 127.0.0.1" in _refused(tmp_path, has_network=True)


def test_a_pod_that_cannot_start_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert "ErrImagePull it cannot be had" in _refused(tmp_path, broken="ErrImagePull")


def test_a_wrong_token_is_refused_and_not_repeated(tmp_path: Path) -> None:
    refused = pytest.raises(SandboxUnavailable, match="Unauthorized")
    with cluster() as served, refused as caught, open_in_cluster(served, tmp_path, token="wrong-secret"):
        pass
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"server": ""}, {"server": "ftp://x"}, {"namespace": "../default"}, {"token_file": "/nowhere"}]
)
def test_options_that_lead_nowhere_are_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with cluster() as served, pytest.raises(SandboxUnavailable), open_in_cluster(served, tmp_path, **options):
        pass


def test_what_a_cluster_cannot_hold_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "noise").write_bytes(os.urandom(2_000_000))
    with cluster() as served, open_in_cluster(served, tmp_path) as sandbox:
        declared = Permissions(network_outbound=("api.example.com",))
        with pytest.raises(SandboxUnavailable, match="cannot be held to the hosts"):
            sandbox.run(Task(arguments=("true",), workspace=tmp_path, permissions=declared))
        before = len(served.asked)
        with pytest.raises(SandboxUnavailable, match="bytes packed"):
            sandbox.run(Task(arguments=("true",), workspace=tmp_path / "work", inputs=("noise",)))
        assert len(served.asked) == before


def test_a_pod_gets_no_more_than_the_task_may() -> None:
    made = job("name", Limits(memory_bytes=1, disk_bytes=2), image="image", runtime_class="gvisor")
    pod = made["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert made["spec"]["backoffLimit"] == 0
    assert pod["automountServiceAccountToken"] is False
    assert pod["runtimeClassName"] == "gvisor"
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert "env" not in container
    assert network_policy()["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert made["metadata"]["labels"] == network_policy()["spec"]["podSelector"]["matchLabels"]
