"""The policies, asked as an attacker would: from where does one get whereto?"""

from __future__ import annotations

import pytest

from tests.deploy.policies import Endpoint, may_connect, our_pods, outside, stranger
from tests.deploy.rendering import OVERLAYS, render

DATABASE, BROKER, STORE = (
    (outside("192.0.2.10"), 5432),
    (outside("192.0.2.20"), 5672),
    (outside("198.51.100.7"), 443),
)
DNS = Endpoint(labels={"k8s-app": "kube-dns"}, namespace={"kubernetes.io/metadata.name": "kube-system"})
INSIDE = [
    "10.0.0.1",
    "172.20.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "127.0.0.1",
    "fd00::1",
    "fe80::1",
    "::1",
]
PUBLIC = ["8.8.8.8", "2606:4700::1111"]
OURS = {"front", "web", "worker", "courier", "scheduler", "migrate"}


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def targets_of(overlay: str, name: str) -> set[str]:
    """Return all that one of our pods may reach, by whatever port it has."""
    manifests = render(overlay)
    pods = our_pods(manifests)
    found = {
        other
        for other, pod in pods.items()
        for port in pod.ports.values()
        if may_connect(manifests, pods[name], pod, port)
    }
    servers = {"database": DATABASE, "broker": BROKER, "store": STORE} if overlay != "small" else {}
    return found | {known for known, at in servers.items() if may_connect(manifests, pods[name], *at)}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("front", {"web"}),
        ("web", {"database", "broker", "store"}),
        ("worker", {"database", "broker", "store"}),
        ("courier", {"database", "broker", "store"}),
        ("scheduler", {"database", "broker", "store", "front"}),
        ("migrate", {"database"}),
    ],
)
def test_each_reaches_what_it_needs_and_nothing_else(overlay: str, name: str, wanted: set[str]) -> None:
    # On one node media are a volume, not a server.
    assert targets_of(overlay, name) == (wanted - {"store"} if overlay == "small" else wanted)


@pytest.mark.parametrize("name", sorted(OURS - {"courier"}))
@pytest.mark.parametrize("port", [22, 53, 80, 443, 5432, 8080])
def test_nobody_but_the_courier_has_a_way_out(name: str, port: int) -> None:
    for overlay in ("s3", "small"):
        manifests = render(overlay)
        for address in (*INSIDE, *PUBLIC):
            assert not may_connect(manifests, our_pods(manifests)[name], outside(address), port)


def test_courier_reaches_other_peoples_servers_and_none_of_the_inside() -> None:
    manifests = render("s3")
    courier = our_pods(manifests)["courier"]
    for port in (80, 443):
        assert all(may_connect(manifests, courier, outside(address), port) for address in PUBLIC)
        assert not any(may_connect(manifests, courier, outside(address), port) for address in INSIDE)
    assert not any(may_connect(manifests, courier, outside(address), 22) for address in PUBLIC)


def test_only_the_ingress_and_named_namespaces_reach_gilfoyle(overlay: str) -> None:
    manifests = render(overlay)
    front = our_pods(manifests)["front"]
    assert may_connect(manifests, stranger("ingress-nginx"), front, 8080)
    assert may_connect(manifests, stranger("shop", gilfoyle_client="true"), front, 8080)
    assert not may_connect(manifests, stranger("shop"), front, 8080)
    assert not may_connect(manifests, stranger("shop", gilfoyle_client="false"), front, 8080)
    assert not may_connect(manifests, outside("8.8.8.8"), front, 8080)


def test_nothing_comes_in_but_to_the_front(overlay: str) -> None:
    manifests = render(overlay)
    pods = our_pods(manifests)
    for name in set(pods) - {"front"}:
        for port in {*pods[name].ports.values(), 8000, 8080, 22} - {9464}:
            for source in (
                stranger("ingress-nginx"),
                stranger("shop", gilfoyle_client="true"),
                stranger("monitoring"),
            ):
                assert not may_connect(manifests, source, pods[name], port), (name, port)


def test_figures_are_for_prometheus_alone(overlay: str) -> None:
    manifests = render(overlay)
    pods = our_pods(manifests)
    for name in ("web", "worker", "courier", "scheduler"):
        assert pods[name].ports["metrics"] == 9464
        assert may_connect(manifests, stranger("monitoring"), pods[name], 9464)
        for source in (stranger("shop", gilfoyle_client="true"), *pods.values()):
            assert not may_connect(manifests, source, pods[name], 9464)


def test_all_look_up_names_and_ask_nobody_else(overlay: str) -> None:
    manifests = render(overlay)
    for pod in our_pods(manifests).values():
        assert may_connect(manifests, pod, DNS, 53, "UDP")
        assert may_connect(manifests, pod, DNS, 53)
        assert not may_connect(manifests, pod, stranger("kube-system"), 53, "UDP")
        assert not may_connect(manifests, pod, outside("8.8.8.8"), 53, "UDP")


def test_an_added_pod_has_no_way_in_or_out(overlay: str) -> None:
    manifests = render(overlay)
    new = Endpoint(namespace={"kubernetes.io/metadata.name": "gilfoyle"})
    for pod in our_pods(manifests).values():
        for port in pod.ports.values():
            assert not may_connect(manifests, new, pod, port)
            assert not may_connect(manifests, pod, new, port)
