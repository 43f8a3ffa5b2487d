"""What `kubectl apply -k` would send: the part of Kustomize that our folders use, and a refusal of every other word of it.

Compared once with the real program (docs/deployment.md), so that tests need none.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.embedded import ROOT

Manifest = dict[str, Any]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("s3", "s3-keda", "s3-external-metrics", "small")
KNOWN = {
    "apiVersion", "kind", "namespace", "resources", "configMapGenerator", "images", "patches",
}  # fmt: skip
WITHOUT_NAMESPACE = {"Namespace"}
POD_OWNERS = {"Deployment", "StatefulSet", "Job"}


class NotUnderstood(Exception):
    """A word of Kustomize that this doesn't know: teach it, or do without."""


@functools.cache
def _rendered(overlay: str) -> tuple[Manifest, ...]:
    return tuple(build(KUBERNETES / "overlays" / overlay))


def render(overlay: str) -> list[Manifest]:
    """Return the manifests of an overlay, which are the caller's to change."""
    return copy.deepcopy(list(_rendered(overlay)))


def build(folder: Path) -> list[Manifest]:
    """Return what a folder with a kustomization.yaml comes to."""
    told: Manifest = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    if unknown := set(told) - KNOWN:
        raise NotUnderstood(unknown)
    made: list[Manifest] = []
    for name in told["resources"]:
        path = folder / name
        made += build(path.resolve()) if path.is_dir() else read_documents(path)
    for generator in told.get("configMapGenerator", ()):
        made.append(_config_map(folder, generator))
        _rename_config_map(made, generator["name"], made[-1]["metadata"]["name"])
    for patch in told.get("patches", ()):
        _apply_patch(made, patch)
    for manifest in made:
        if manifest["kind"] not in WITHOUT_NAMESPACE:
            manifest["metadata"]["namespace"] = told["namespace"]
    for image in told.get("images", ()):
        _set_image(made, image)
    return made


def read_documents(path: Path) -> list[Manifest]:
    """Return the documents of a file, each with objects of its own where it has anchors."""
    return [copy.deepcopy(found) for found in map(_unshared, yaml.safe_load_all(path.read_text("utf-8")))]


def _unshared(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unshared(inner) for key, inner in value.items()}
    return [_unshared(inner) for inner in value] if isinstance(value, list) else value


def pod_of(manifest: Manifest) -> Manifest:
    """Return the specification of the pods that a Deployment, StatefulSet or Job makes."""
    pod: Manifest = manifest["spec"]["template"]["spec"]
    return pod


def containers_of(manifest: Manifest) -> list[Manifest]:
    """Return all containers of such a pod, those before it begins included."""
    pod = pod_of(manifest)
    return [*pod.get("initContainers", ()), *pod["containers"]]


def pod_owners(manifests: list[Manifest]) -> list[Manifest]:
    """Return what makes pods."""
    return [manifest for manifest in manifests if manifest["kind"] in POD_OWNERS]


def find(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """Return the one of a kind and name; a generated one by the name that it was given."""
    pattern = re.compile(rf"{re.escape(name)}(-[0-9a-f]{{10}})?")
    (found,) = (
        manifest
        for manifest in manifests
        if manifest["kind"] == kind and pattern.fullmatch(manifest["metadata"]["name"])
    )
    return found


def _config_map(folder: Path, generator: Manifest) -> Manifest:
    if set(generator) != {"name", "files"}:
        raise NotUnderstood(generator)
    data = {name: (folder / name).read_text(encoding="utf-8") for name in generator["files"]}
    suffix = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:10]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{generator['name']}-{suffix}"},
        "data": data,
    }


def _rename_config_map(manifests: list[Manifest], old: str, new: str) -> None:
    for manifest in pod_owners(manifests):
        for volume in pod_of(manifest).get("volumes", ()):
            if volume.get("configMap", {}).get("name") == old:
                volume["configMap"]["name"] = new


def _set_image(manifests: list[Manifest], image: Manifest) -> None:
    if not {"name", "newTag"} <= set(image) <= {"name", "newName", "newTag"}:
        raise NotUnderstood(image)
    for manifest in pod_owners(manifests):
        for container in containers_of(manifest):
            if container["image"].partition(":")[0] == image["name"]:
                container["image"] = f"{image.get('newName', image['name'])}:{image['newTag']}"


def _apply_patch(manifests: list[Manifest], patch: Manifest) -> None:
    if set(patch) != {"target", "patch"} or set(patch["target"]) != {"kind", "name"}:
        raise NotUnderstood(patch)
    kind, wanted = re.compile(patch["target"]["kind"]), re.compile(patch["target"]["name"])
    targets = [
        manifest
        for manifest in manifests
        if kind.fullmatch(manifest["kind"]) and wanted.fullmatch(manifest["metadata"]["name"])
    ]
    if not targets:
        msg = f"nothing to patch: {patch['target']}"
        raise NotUnderstood(msg)
    for target in targets:
        for operation in yaml.safe_load(patch["patch"]):
            _change(target, **operation)


def _change(target: Any, op: str, path: str, value: Any = None) -> None:
    *way, last = path.removeprefix("/").split("/")
    for part in way:
        target = target[int(part) if isinstance(target, list) else part]
    if op == "add" and last == "-":
        target.append(copy.deepcopy(value))
        return
    key: Any = int(last) if isinstance(target, list) else last
    target[key]  # what is replaced or removed must be there
    change: dict[str, Callable[[], object]] = {
        "replace": lambda: target.__setitem__(key, copy.deepcopy(value)),
        "remove": lambda: target.__delitem__(key),
    }
    if op not in change:
        raise NotUnderstood(op)
    change[op]()


def sizes(text: str) -> float:
    """Return bytes, or cores, of a quantity of Kubernetes."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "m": 1e-3}
    found = re.fullmatch(r"([0-9.]+)(Ki|Mi|Gi|Ti|m)?", text)
    assert found is not None, text
    return float(found[1]) * units.get(found[2] or "", 1)


def labels_of(manifest: Manifest) -> dict[str, str]:
    """Return the labels of the pods that a Deployment, StatefulSet or Job makes."""
    labels: dict[str, str] = manifest["spec"]["template"]["metadata"]["labels"]
    return labels


def every_overlay() -> Iterator[list[Manifest]]:
    """Yield the manifests of each overlay."""
    for overlay in OVERLAYS:
        yield render(overlay)
