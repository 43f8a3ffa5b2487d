"""The manifests: what Kubernetes takes, what no pod of ours may have, and that they say what the code says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from kubernetes_validate import latest_version, validate

from gilfoyle import __version__, child_plans, web_server
from gilfoyle.lib.config import ENVIRONMENT, SETTINGS_VARIABLE, Config, load_config
from gilfoyle.lib.observability_settings import split_listen
from gilfoyle.lib.queue import QUEUES
from tests.deploy.rendering import (
    KUBERNETES,
    OVERLAYS,
    Manifest,
    containers_of,
    every_overlay,
    find,
    labels_of,
    pod_of,
    pod_owners,
    render,
    sizes,
)
from tests.embedded import ROOT

OLDEST = "1.31.0"  # the first in which all that the manifests say is stable
FOREIGN = {"ScaledObject"}  # of KEDA, whose schema isn't Kubernetes'
DECODING = ("probe", "opening", "encode", "package")


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return render(request.param)


def own_containers(manifests: list[Manifest]) -> list[tuple[str, Manifest]]:
    return [
        (owner["metadata"]["name"], container)
        for owner in pod_owners(manifests)
        for container in containers_of(owner)
        if "/gilfoyle:" in container["image"]
    ]


def settings_of(overlay: str, tmp_path: Any) -> Config:
    """Return the settings that the pods of an overlay would have, with some Secret."""
    path = tmp_path / "settings.yaml"
    path.write_text(find(render(overlay), "ConfigMap", "gilfoyle-settings")["data"]["settings.yaml"], "utf-8")
    secret = {
        "GILFOYLE_SECRET_KEY": "x" * 50,
        "GILFOYLE_DATABASE_URL": "postgres://u:p@database:5432/g",
        "GILFOYLE_BROKER_URL": "amqp://u:p@broker:5672/",
        "GILFOYLE_S3_ACCESS_KEY_ID": "id",
        "GILFOYLE_S3_SECRET_ACCESS_KEY": "key",
    }
    named = {name for name in example(overlay) if not name.startswith("#")}
    return load_config(path, {name: value for name, value in secret.items() if f"{name}=" in named})


def example(overlay: str) -> list[str]:
    folder = KUBERNETES / "overlays" / ("small" if overlay == "small" else "s3")
    return (folder / "secret.example.env").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("version", [OLDEST, latest_version()])
def test_kubernetes_takes_every_manifest(version: str) -> None:
    different = {
        json.dumps(manifest, sort_keys=True): manifest
        for manifests in every_overlay()
        for manifest in manifests
        if manifest["kind"] not in FOREIGN
    }
    for manifest in different.values():
        validate(manifest, version, strict=True)


def test_a_wrong_manifest_is_found() -> None:
    web = find(render("s3"), "Deployment", "web")
    pod_of(web)["containers"][0]["readOnlyRootFilesytem"] = True
    with pytest.raises(Exception, match="readOnlyRootFilesytem"):
        validate(web, latest_version(), strict=True)


def test_names_are_given_once(manifests: list[Manifest]) -> None:
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(set(names)) == len(names)


def test_no_pod_has_more_rights_than_it_needs(manifests: list[Manifest]) -> None:
    for owner in pod_owners(manifests):
        pod = pod_of(owner)
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] == (999 if owner["metadata"]["name"] in {"database", "broker"} else 10001)
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not any("hostPath" in volume for volume in pod.get("volumes", ()))
        for container in containers_of(owner):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_the_cluster_holds_it_too(manifests: list[Manifest]) -> None:
    labels = find(manifests, "Namespace", "gilfoyle")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_container_is_bounded(manifests: list[Manifest]) -> None:
    for owner in pod_owners(manifests):
        for container in containers_of(owner):
            bounds = container["resources"]
            for kind in ("cpu", "memory", "ephemeral-storage"):
                assert sizes(bounds["requests"][kind]) <= sizes(bounds["limits"][kind])


def test_scratch_is_bounded_and_fits_into_what_the_pod_may_write(manifests: list[Manifest]) -> None:
    for owner in pod_owners(manifests):
        pod = pod_of(owner)
        written = [
            sizes(volume["emptyDir"]["sizeLimit"])
            for volume in pod.get("volumes", ())
            if "emptyDir" in volume
        ]
        limits = [
            sizes(container["resources"]["limits"]["ephemeral-storage"]) for container in pod["containers"]
        ]
        assert sum(written) <= sum(limits), owner["metadata"]["name"]


def test_every_deployment_can_be_emptied_of_its_node(manifests: list[Manifest]) -> None:
    budgets = [manifest["spec"] for manifest in manifests if manifest["kind"] == "PodDisruptionBudget"]
    for owner in pod_owners(manifests):
        mine = [
            budget
            for budget in budgets
            if budget["selector"]["matchLabels"].items() <= labels_of(owner).items()
        ]
        assert len(mine) == (owner["kind"] != "Job")
        assert all(budget["maxUnavailable"] in {1, "25%"} for budget in mine)


def test_selectors_find_their_own_pods_alone(manifests: list[Manifest]) -> None:
    owners = [owner for owner in pod_owners(manifests) if owner["kind"] != "Job"]
    for owner in owners:
        wanted = owner["spec"]["selector"]["matchLabels"].items()
        assert [other for other in pod_owners(manifests) if wanted <= labels_of(other).items()] == [owner]
        for spread in pod_of(owner).get("topologySpreadConstraints", ()):
            assert spread["labelSelector"]["matchLabels"].items() == wanted


def test_one_version_runs_everywhere(manifests: list[Manifest]) -> None:
    images = {container["image"] for _, container in own_containers(manifests)}
    assert images == {f"registry.example.com/gilfoyle:{__version__}"}


def test_servers_are_those_of_compose() -> None:
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    theirs = {service["image"] for service in services.values()}
    used = {container["image"] for owner in pod_owners(render("small")) for container in containers_of(owner)}
    assert {image for image in used if "/gilfoyle:" not in image} <= theirs


def test_nginx_is_the_one_that_was_tested(manifests: list[Manifest]) -> None:
    config = find(manifests, "ConfigMap", "front")["data"]["nginx.conf"]
    assert config == (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    service = find(manifests, "Service", "web")
    assert f"server {service['metadata']['name']}:{service['spec']['ports'][0]['port']};" in config
    port = pod_of(find(manifests, "Deployment", "front"))["containers"][0]["ports"][0]["containerPort"]
    assert f"listen {port};" in config


def test_variables_are_known(manifests: list[Manifest]) -> None:
    for _, container in own_containers(manifests):
        for variable in container["env"]:
            assert variable["name"] in {*ENVIRONMENT, SETTINGS_VARIABLE}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_named_and_not_given(overlay: str) -> None:
    assert not [manifest for manifest in render(overlay) if manifest["kind"] == "Secret"]
    lines = [line for line in example(overlay) if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert line.endswith("=")
        assert line[:-1] in ENVIRONMENT


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_are_right(overlay: str, tmp_path: Any) -> None:
    config = settings_of(overlay, tmp_path)
    assert config.storage.backend == ("filesystem" if overlay == "small" else "s3")
    # A pod sees its node's cores.
    assert config.encoding.slots
    assert config.encoding.threads
    front = find(render(overlay), "Service", "front")
    assert config.safety.self_test_url == f"http://front:{front['spec']['ports'][0]['port']}"
    assert config.observability.metrics.enabled


def worker_plans(owner: Manifest, config: Config) -> list[child_plans.ChildPlan]:
    """Return the pools of a Deployment whose supervisor runs some."""
    args = pod_of(owner)["containers"][0]["args"]
    if "--queues" not in args:
        return []
    pools = [plan for plan in child_plans.plan_children(config, cores=64) if "--queues" in plan.argv]
    return list(child_plans.take_only(pools, args[args.index("--queues") + 1 :], config))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_worker_has_the_memory_and_the_room_that_its_settings_ask_for(overlay: str, tmp_path: Any) -> None:
    config = settings_of(overlay, tmp_path)
    worker = find(render(overlay), "Deployment", "worker")
    bounds = pod_of(worker)["containers"][0]["resources"]
    wanted = child_plans.OTHERS_BYTES + config.encoding.slots * child_plans.SLOT_BYTES
    assert sizes(bounds["limits"]["memory"]) >= wanted
    if config.storage.backend == "s3":
        # Every thread may have a copy of the largest source there is.
        threads = [int(plan.argv[plan.argv.index("--threads") + 1]) for plan in worker_plans(worker, config)]
        (data,) = (volume for volume in pod_of(worker)["volumes"] if volume["name"] == "data")
        assert sizes(data["emptyDir"]["sizeLimit"]) >= sum(threads) * config.upload.max_size_bytes


def test_every_queue_has_its_deployment_and_decoders_stay_inside(manifests: list[Manifest]) -> None:
    taken = {
        owner["metadata"]["name"]: args[args.index("--queues") + 1 :]
        for owner in pod_owners(manifests)
        if "--queues" in (args := pod_of(owner)["containers"][0].get("args", ()))
    }
    assert sorted(queue for queues in taken.values() for queue in queues) == sorted(QUEUES)
    assert tuple(taken["worker"]) == DECODING
    assert not set(taken["courier"]) & set(DECODING)


def test_commands_are_those_of_the_entry_point(manifests: list[Manifest]) -> None:
    script = (ROOT / "docker" / "entrypoint.sh").read_text(encoding="utf-8")
    roles = {
        role for line in re.findall(r"^([a-z_ |]+)\)$", script, re.MULTILINE) for role in line.split(" | ")
    }
    commands = {path.stem for path in (ROOT / "gilfoyle" / "management" / "commands").glob("*.py")}
    for _, container in own_containers(manifests):
        assert container["args"][0] in roles | commands


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_is_told_to_stop_has_the_time_for_it(overlay: str, tmp_path: Any) -> None:
    manifests, config = render(overlay), settings_of(overlay, tmp_path)
    web = pod_of(find(manifests, "Deployment", "web"))
    waits_s = int(web["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert web["terminationGracePeriodSeconds"] >= 1.5 * (waits_s + web_server.graceful_timeout)
    for name in ("worker", "courier"):
        owner = find(manifests, "Deployment", name)
        stop_s = max(plan.stop_s for plan in worker_plans(owner, config))
        assert pod_of(owner)["terminationGracePeriodSeconds"] >= 1.5 * stop_s


def test_another_scheduler_stands_by_and_each_keeps_a_copy_of_its_own() -> None:
    for overlay in OVERLAYS:
        spec = find(render(overlay), "StatefulSet", "scheduler")["spec"]
        assert spec["replicas"] == (1 if overlay == "small" else 2)
        assert spec["updateStrategy"] == {"type": "RollingUpdate"}
        (kept,) = spec["volumeClaimTemplates"]
        assert kept["metadata"]["name"] == "witness"


def test_new_code_waits_for_its_tables(manifests: list[Manifest]) -> None:
    for owner in pod_owners(manifests):
        if owner["metadata"]["name"] in {"web", "worker", "courier", "scheduler"}:
            (waiting,) = pod_of(owner)["initContainers"]
            assert waiting["args"] == ["await_migrations"]
    assert find(manifests, "Job", "migrate")["spec"]["template"]["spec"]["containers"][0]["args"] == [
        "migrate"
    ]


def test_probes_ask_where_something_answers(manifests: list[Manifest]) -> None:
    for owner in pod_owners(manifests):
        for container in pod_of(owner)["containers"]:
            ports = {port["name"] for port in container.get("ports", ())}
            probes = [value for name, value in container.items() if name.endswith("Probe")]
            assert probes or owner["kind"] == "Job"
            for probe in probes:
                asked = probe.get("httpGet", probe.get("tcpSocket"))
                assert asked is None or asked["port"] in ports
                # Else it asks for the pod's address, which is none of allowed_hosts.
                assert "path" not in (asked or {}) or asked["httpHeaders"] == [
                    {"name": "Host", "value": "localhost"}
                ]


def test_ports_agree(manifests: list[Manifest]) -> None:
    last_stage = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").rsplit("\nFROM ", 1)[1]
    for owner in pod_owners(manifests):
        ports = {
            port["name"]: port["containerPort"]
            for container in pod_of(owner)["containers"]
            for port in container.get("ports", ())
        }
        for container in containers_of(owner):
            for variable in container.get("env", ()):
                if variable["name"] == "GILFOYLE_METRICS_LISTEN":
                    assert split_listen(variable["value"]) == ("0.0.0.0", ports["metrics"])  # noqa: S104 - as said
        if owner["metadata"]["name"] == "web":
            assert f"GILFOYLE_PORT={ports['http']}" in last_stage
        for service in manifests:
            if service["kind"] == "Service" and service["metadata"]["name"] == owner["metadata"]["name"]:
                assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(ports)
                assert all(port["port"] == ports[port["targetPort"]] for port in service["spec"]["ports"])


def test_what_is_referred_to_is_there(manifests: list[Manifest]) -> None:
    there = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    for owner in pod_owners(manifests):
        pod = pod_of(owner)
        assert ("ServiceAccount", pod["serviceAccountName"]) in there
        volumes = {volume["name"] for volume in pod.get("volumes", ())}
        volumes |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", ())}
        for volume in pod.get("volumes", ()):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in there
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in there
        for container in containers_of(owner):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    for manifest in manifests:
        if manifest["kind"] == "Ingress":
            (rule,) = manifest["spec"]["rules"]
            assert [path["backend"]["service"]["name"] for path in rule["http"]["paths"]] == ["front"]


def test_an_autoscaler_is_not_overruled(manifests: list[Manifest]) -> None:
    scaled = {
        manifest["spec"]["scaleTargetRef"]["name"]
        for manifest in manifests
        if manifest["kind"] in {"HorizontalPodAutoscaler", "ScaledObject"}
    }
    for owner in pod_owners(manifests):
        if owner["kind"] == "Deployment":
            assert ("replicas" in owner["spec"]) == (owner["metadata"]["name"] not in scaled)


def test_workers_are_scaled_by_a_figure_that_there_is() -> None:
    told = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    figure = "gilfoyle_queue_oldest_age_seconds"
    assert f"`{figure}`" in told
    external = find(render("s3-external-metrics"), "HorizontalPodAutoscaler", "worker")
    assert external["spec"]["metrics"][0]["external"]["metric"]["name"] == figure
    (trigger,) = find(render("s3-keda"), "ScaledObject", "worker")["spec"]["triggers"]
    queues = re.search(rf'max\({figure}\{{queue=~"([a-z|]+)"\}}\)', trigger["metadata"]["query"])
    assert queues is not None
    assert set(queues[1].split("|")) == set(DECODING)
