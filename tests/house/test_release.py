"""The version stands in one place, and what a release consists of goes with it (docs/release.md)."""

import json
import re
import tomllib
from datetime import UTC, date, datetime

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.conf import settings

import manage
from gilfoyle import __version__
from gilfoyle.admin_theme import UNFOLD
from tests.embedded import ROOT
from tests.release.licences import PAGE, list_refused, write_page
from tests.release.parts import NPM, PYPI, UNKNOWN, Part, is_allowed, licence_of_python, list_parts
from tests.release.sbom import write_bill

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
RELEASED = re.compile(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)")
KEPT = ROOT / "tests" / "upgrade" / "kept"


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def releases() -> list[tuple[str, date]]:
    first, *others = HEADING.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert first == "Unreleased"
    found = [RELEASED.fullmatch(heading) for heading in others]
    assert None not in found, f"A release's heading is its version and day: {others}"
    return [(one[1], date.fromisoformat(one[2])) for one in found if one]


def test_whoever_shows_the_version_shows_that_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "gilfoyle.__version__"}
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == __version__
    assert UNFOLD["SITE_SUBHEADER"].endswith(__version__)
    assert f"\n  version: {__version__}\n" in (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    manifest = ROOT / "deploy" / "kubernetes" / "base" / "kustomization.yaml"
    images = yaml.safe_load(manifest.read_text(encoding="utf-8"))["images"]
    assert [image["newTag"] for image in images if image["name"] == "gilfoyle"] == [__version__]


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_it_is_told_whatever_the_settings_are(
    asked: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GILFOYLE_SETTINGS", "/nowhere")
    manage.main(["manage.py", asked])
    assert capsys.readouterr().out == f"Gilfoyle {__version__}\n"


def test_the_changelog_goes_by_release() -> None:
    found = releases()
    assert found == sorted(found, key=lambda one: number(one[0]), reverse=True)
    assert [day for _version, day in found] == sorted((day for _version, day in found), reverse=True)
    assert all(number(version) <= number(__version__) for version, _day in found)


def test_each_release_has_its_database() -> None:
    missing = [version for version, _day in releases() if not (KEPT / f"{version}.sql.gz").is_file()]
    assert missing == [], "python -m tests.upgrade.keep (docs/release.md)"


def test_the_page_of_licences_is_that_of_the_locks() -> None:
    assert PAGE.read_text(encoding="utf-8") == write_page(list_parts()), "make licences"


def test_no_licence_comes_in_that_may_not() -> None:
    assert list_refused(list_parts()) == []
    for expression in (UNKNOWN, "SSPL-1.0", "MIT AND SSPL-1.0", "SSPL-1.0 OR BUSL-1.1", "(MIT)", ""):
        assert list_refused([Part(PYPI, "x", "1", expression, ())]), expression
    assert is_allowed("SSPL-1.0 OR MIT")
    assert licence_of_python("no-such-package") == UNKNOWN


def test_the_bill_of_materials_is_one_and_the_same_again() -> None:
    text = write_bill(made_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["version"] == __version__
    addresses = {part["purl"] for part in bill["components"]}
    assert len(addresses) == len(list_parts())
    for part in list_parts():
        assert f"pkg:{part.kind}/{part.name}@{part.version}" in addresses
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert any(
        need.startswith("pkg:pypi/sqlparse@")
        for ref, found in needs.items()
        if "/django@" in ref
        for need in found
    )
    reached: set[str] = set()
    waiting = [f"gilfoyle@{__version__}"]
    while waiting:
        if (one := waiting.pop()) not in reached:
            reached.add(one)
            waiting += needs[one]
    assert reached >= addresses  # nothing is in it that nothing needs
    assert [
        part
        for part in bill["components"]
        if part["purl"].startswith(f"pkg:{NPM}/") and not part.get("hashes")
    ] == []
    assert write_bill(made_at=datetime(2026, 1, 1, tzinfo=UTC)) == text
