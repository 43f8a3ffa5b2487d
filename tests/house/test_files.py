"""What may stand in the house: sizes, names, twins, and words that don't belong here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.embedded import ROOT
from tests.services import require_service

PACKAGES = ("gilfoyle", "videos", "processing", "streaming")
LONGEST_MODULE, LONGEST_TEST = 400, 600
BANNED_STEMS = {"utils", "util", "helpers", "helper", "common", "misc", "methods", "manager", "base"}
# Without a test of their own: what only declares, and what any start of Django runs.
WITHOUT_TWIN = {"__init__", "apps", "urls", "asgi", "wsgi", "settings"}
# Rooms' models are re-exported for Django alone.
REEXPORTS = {
    Path("videos/models.py"),
    Path("processing/models.py"),
    Path("streaming/models.py"),
    Path("gilfoyle/models.py"),
    Path("videos/admin.py"),
}
TOP_LEVEL = {
    ".ci", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "deploy", "docker", "docs",
    "gilfoyle", "manage.py", "processing", "pyproject.toml", "requirements.lock", "settings.yaml", "streaming", "tests",
    "videos",
}  # fmt: skip
# Put together here, so that this file doesn't hold them itself.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r"(?![A-Za-z])")
REGISTRY = re.compile(
    "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)", "ghcr" + r"\.io"))
)


def tracked() -> list[Path]:
    """Return the files of the repository: what git keeps, and what it would take in."""
    require_service("git", present=shutil.which("git") is not None and (ROOT / ".git").exists())
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and "migrations" not in path.parts]


def text_of(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def test_top_level_holds_what_belongs_there() -> None:
    assert {path.parts[0] for path in tracked()} <= TOP_LEVEL


def test_no_file_is_too_long() -> None:
    lengths = {path: text_of(path).count("\n") for path in modules()}
    limits = {path: LONGEST_TEST if path.parts[0] == "tests" else LONGEST_MODULE for path in lengths}
    assert {str(path): length for path, length in lengths.items() if length > limits[path]} == {}


def test_names_say_what_a_file_holds() -> None:
    assert [str(path) for path in modules() if path.stem in BANNED_STEMS] == []


def needs_twin(path: Path) -> bool:
    return path.parts[0] in PACKAGES and path.stem not in WITHOUT_TWIN and path not in REEXPORTS


def test_every_module_has_its_test() -> None:
    tests = set(modules())
    missing = [
        str(path)
        for path in modules()
        if needs_twin(path) and Path("tests") / path.with_name(f"test_{path.name}") not in tests
    ]
    assert missing == []


def test_every_module_says_what_it_holds() -> None:
    silent = [
        str(path)
        for path in modules()
        if path.parts[0] in PACKAGES
        and path.stem not in {"__init__", "apps", "urls"}
        and "commands" not in path.parts
        and not re.match(r"""(#!.*\n)?["']{3}""", text_of(path))
    ]
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    assert [
        str(path)
        for path in tracked()
        if path.suffix in {".py", ".md", ".yaml", ".html", ".js", ".css"} and UNFINISHED.search(text_of(path))
    ] == []


def test_no_registry_is_named() -> None:
    assert [str(path) for path in tracked() if REGISTRY.search(text_of(path))] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "tests/requirements.lock", "docs/requirements.lock"])
def test_every_locked_package_has_its_hash(lock: str) -> None:
    for requirement in re.split(r"\n(?=\S)", text_of(Path(lock)).strip()):
        assert re.match(r"[a-z0-9-]+==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    def versions(lock: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9-]+==[^ ]+(?: ; [^\\]+)?", text_of(Path(lock)), re.MULTILINE))

    assert versions("requirements.lock") <= versions("tests/requirements.lock")
