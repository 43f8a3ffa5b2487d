"""What Gilfoyle is made of: the packages that are locked for whoever runs it, with their licences as they tell them themselves."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.embedded import ROOT

PYPI, NPM = "pypi", "npm"
UNKNOWN = "unknown"
# Why a licence may come in: Gilfoyle's own is AGPL-3.0-or-later, and these may all be part of a work under it.
ALLOWED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "LGPL-3.0-only",
        "LGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
# Classifiers that leave nothing open; "BSD License" alone does.
CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "MIT License": "MIT",
}
# Read in the package itself, where its metadata say too little; and those of other systems, which aren't installed here.
READ_BY_HAND = {
    (PYPI, "async-timeout"): "Apache-2.0",
    (PYPI, "colorama"): "BSD-3-Clause",
    (PYPI, "django-filter"): "BSD-3-Clause",
    (PYPI, "drf-spectacular-sidecar"): "BSD-3-Clause",
    (PYPI, "python-dateutil"): "Apache-2.0 OR BSD-3-Clause",
    (PYPI, "segno"): "BSD-3-Clause",
    (PYPI, "sqlparse"): "BSD-3-Clause",
    (PYPI, "tzdata"): "Apache-2.0",
    (PYPI, "uritemplate"): "BSD-3-Clause OR Apache-2.0",
    (NPM, "combine-errors"): "MIT",  # its Readme.md
}
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)
NODE_MODULES = "node_modules/"


@dataclass(frozen=True, slots=True)
class Part:
    """A locked package. `integrity`: the hash of an npm package's one file, as npm writes it ("sha512-…" in Base64)."""

    kind: str
    name: str
    version: str
    licence: str
    needs: tuple[str, ...]
    integrity: str = ""


def list_parts() -> list[Part]:
    """Return all of them by kind and name; a package that is locked in two versions, for two Pythons, comes twice."""
    return sorted(
        [*_of_python(), *_of_pages()], key=lambda part: (part.kind != PYPI, part.name, part.version)
    )


def _of_python() -> Iterator[Part]:
    needed = needs_of_python()
    for name, version in LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        yield Part(PYPI, name, version, licence_of_python(name), needed.get(name, ()))


def _of_pages() -> Iterator[Part]:
    lock = json.loads((ROOT / "gilfoyle" / "frontend" / "package-lock.json").read_text(encoding="utf-8"))
    for path, told in lock["packages"].items():
        if path:
            name = path.removeprefix(NODE_MODULES)
            licence = told.get("license") or READ_BY_HAND.get((NPM, name), UNKNOWN)
            yield Part(
                NPM,
                name,
                told["version"],
                licence,
                tuple(sorted(told.get("dependencies", {}))),
                told["integrity"],
            )


def licence_of_python(name: str) -> str:
    """Return the SPDX expression of an installed package, else what was read by hand, else UNKNOWN."""
    by_hand = READ_BY_HAND.get((PYPI, name), UNKNOWN)
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return by_hand
    names = ["License-Expression"] if by_hand != UNKNOWN else ["License-Expression", "License"]
    for text in (*(told[name] for name in names if name in told), by_hand):
        if text != UNKNOWN and (expression := spdx(text)):
            return expression
    classes = {one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if " :: " in one}
    found = sorted({CLASSIFIED[one] for one in classes if one in CLASSIFIED})
    return found[0] if len(found) == 1 else UNKNOWN


def spdx(text: str) -> str:
    """Return a text as an expression of SPDX; empty where it is none."""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""


def is_allowed(expression: str) -> bool:
    """Tell whether one licence of each "OR" may come in. What has brackets is for a person to read, and isn't allowed."""
    return all(
        any(one.strip() in ALLOWED for one in choice.split(" OR ")) for choice in expression.split(" AND ")
    )


def direct() -> list[Requirement]:
    """Return what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


def needs_of_python() -> Mapping[str, tuple[str, ...]]:
    """Return which package needs which, on this system, with the extras that are asked for."""
    needed: dict[str, set[str]] = {}
    asked: set[tuple[str, frozenset[str]]] = set()
    waiting = direct()
    while waiting:
        name, extras = canonicalize_name((one := waiting.pop()).name), frozenset(one.extras)
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        found = [need for need in map(Requirement, requires(name) or []) if _is_needed(need, extras)]
        needed.setdefault(name, set()).update(canonicalize_name(need.name) for need in found)
        waiting += found
    return {name: tuple(sorted(names)) for name, names in needed.items()}


def _is_needed(need: Requirement, extras: frozenset[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})
