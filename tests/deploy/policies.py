"""What NetworkPolicies come to: may one endpoint open a connection to a port of another?"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from tests.deploy.rendering import Manifest, labels_of, pod_of, pod_owners

HERE = "gilfoyle"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pod, by its labels and its namespace's; or an address outside of the cluster."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, str] = field(default_factory=dict)
    address: str = ""
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.namespace.get("kubernetes.io/metadata.name") == HERE


def outside(address: str) -> Endpoint:
    return Endpoint(address=address)


def stranger(namespace: str, **labels: str) -> Endpoint:
    """Return a pod of another namespace, which has these labels beside its name."""
    more = {name.replace("_", "-"): value for name, value in labels.items()}
    return Endpoint(namespace={"kubernetes.io/metadata.name": namespace, **more})


def our_pods(manifests: list[Manifest]) -> dict[str, Endpoint]:
    """Return an endpoint for each of our Deployments, StatefulSets and Jobs."""
    return {
        manifest["metadata"]["name"]: Endpoint(
            labels=labels_of(manifest),
            namespace={"kubernetes.io/metadata.name": HERE},
            ports={
                port["name"]: port["containerPort"]
                for container in pod_of(manifest)["containers"]
                for port in container.get("ports", ())
            },
        )
        for manifest in pod_owners(manifests)
    }


def may_connect(
    manifests: list[Manifest], source: Endpoint, target: Endpoint, port: int, protocol: str = "TCP"
) -> bool:
    """Tell whether the policies let `source` reach the port: out where it is, and in where the target is."""
    return _passes(manifests, "egress", source, target, (target, port, protocol)) and _passes(
        manifests, "ingress", target, source, (target, port, protocol)
    )


def _passes(
    manifests: list[Manifest], way: str, of: Endpoint, peer: Endpoint, at: tuple[Endpoint, int, str]
) -> bool:
    if not of.is_ours:
        return True
    policies = [
        manifest["spec"]
        for manifest in manifests
        if manifest["kind"] == "NetworkPolicy" and way.capitalize() in manifest["spec"]["policyTypes"]
    ]
    selecting = [policy for policy in policies if _selects(policy["podSelector"], of.labels)]
    peers = "to" if way == "egress" else "from"
    return not selecting or any(
        any(_is_peer(wanted, peer) for wanted in rule[peers])
        and any(_is_port(one, *at) for one in rule["ports"])
        for policy in selecting
        for rule in policy.get(way, ())
    )


def _selects(selector: Manifest, labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    for wanted in selector.get("matchExpressions", ()):
        assert wanted["operator"] == "In"
        if labels.get(wanted["key"]) not in wanted["values"]:
            return False
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def _is_peer(wanted: Manifest, peer: Endpoint) -> bool:
    if block := wanted.get("ipBlock"):
        if not peer.address:
            return False
        address = ip_address(peer.address)
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(left_out) for left_out in block.get("except", ())
        )
    if peer.address:
        return False
    in_namespace = (
        _selects(wanted["namespaceSelector"], peer.namespace)
        if "namespaceSelector" in wanted
        else peer.is_ours
    )
    return in_namespace and _selects(wanted.get("podSelector", {}), peer.labels)


def _is_port(wanted: Manifest, target: Endpoint, port: int, protocol: str) -> bool:
    number = wanted["port"]
    return bool(wanted["protocol"] == protocol and target.ports.get(str(number), number) == port)
