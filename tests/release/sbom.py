"""Writes the bill of materials of a release, as CycloneDX: `python -m tests.release.sbom FILE`.

The same locks, environment and SOURCE_DATE_EPOCH give the same bytes. Hashes of wheels are not in it: a package of Python has a
file for each system, and requirements.lock has the hashes of all of them.
"""

from __future__ import annotations

import base64
import os
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from gilfoyle import __version__
from tests.release.parts import NPM, PYPI, Part, direct, list_parts

VERSION = SchemaVersion.V1_6
LICENCE = "AGPL-3.0-or-later"


def make_bill(parts: Iterable[Part], *, made_at: datetime) -> Bom:
    """Return the bill: Gilfoyle, its parts, and which needs which."""
    found = {part: _component(part) for part in parts}
    whole = Component(
        name="gilfoyle",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=f"gilfoyle@{__version__}",
        licenses=[LicenseExpression(LICENCE)],
    )
    bill = Bom(components=found.values(), serial_number=_serial(found))
    bill.metadata.component, bill.metadata.timestamp = whole, made_at
    asked = {(PYPI, canonicalize_name(need.name)) for need in direct()}
    needed = {(part.kind, name) for part in found for name in part.needs}
    # Nothing asks for what other systems alone need, as it is told from here: then Gilfoyle does.
    roots = [
        part for part in found if (part.kind, part.name) in asked or (part.kind, part.name) not in needed
    ]
    bill.register_dependency(whole, [found[part] for part in roots])
    for part, component in found.items():
        needs = [other for other in found if other.kind == part.kind and other.name in part.needs]
        bill.register_dependency(component, [found[other] for other in needs])
    return bill


def _component(part: Part) -> Component:
    address = PackageURL(type=part.kind, name=part.name, version=part.version)
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        purl=address,
        bom_ref=address.to_string(),
        licenses=[LicenseExpression(part.licence)],
        hashes=[_hash(part.integrity)] if part.kind == NPM else [],
    )


def _hash(integrity: str) -> HashType:
    content = base64.b64decode(integrity.removeprefix("sha512-")).hex()
    return HashType(alg=HashAlgorithm.SHA_512, content=content)


def _serial(parts: Iterable[Part]) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, repr([__version__, *parts]))


def write_bill(*, made_at: datetime) -> str:
    """Return the bill of what is locked, as JSON."""
    bill = make_bill(list_parts(), made_at=made_at)
    return make_outputter(bill, OutputFormat.JSON, VERSION).output_as_string(indent=2) + "\n"


if __name__ == "__main__":
    moment = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    Path(sys.argv[1]).write_text(write_bill(made_at=moment), encoding="utf-8")
