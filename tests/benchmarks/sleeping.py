"""A build of ffmpeg whose encodes sleep: it copies what the real one made of one source before."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from gilfoyle.lib.config import Config
from processing.encoding.compare import Comparison
from processing.ffmpeg.commands import chunk_argv
from processing.jobs.pipeline import chunk_step_name
from processing.ladder.chunks import PRIORITIES_OF_OPENING
from processing.ladder.planner import plan_encode
from processing.media import Chunk
from processing.probing.probe import probe_source
from tests.benchmarks.measured import ffmpeg, run_ffmpeg, run_program

SCRIPT = Path(__file__).with_name("sleeping_ffmpeg.sh")
VARIATION = 0.25  # chunks take unequal time, as pictures are unequally hard
REPORT = "".join(f"n:{number} Y:0.98 U:0.98 V:0.98 All:0.980000 (17.0)\n" for number in range(1, 9))
# Five sizes as in the default ladder, each so small that preparing, splitting and comparing it costs nothing to speak of.
SIZES = ((256, 144), (192, 108), (144, 80), (108, 60), (80, 44))


def ladder_yaml() -> str:
    """Return the ladder of the simulation, as settings.yaml has it."""
    rungs = (f"{{width: {w}, height: {h}, crf: 30, max_bitrate_bps: {w * h * 20}}}" for w, h in SIZES)
    return "[" + ", ".join(rungs) + "]"


def make_source(path: Path, *, duration_s: int) -> Path:
    """Write a silent source that is not playable as it is, so that it is encoded from its opening on."""
    width, height = SIZES[0]
    picture = f"testsrc2=size={width}x{height}:rate=24:duration={duration_s}"
    run_ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "mpeg4", "-q:v", "12", "-g", "48", path)
    return path


def prepare_build(
    folder: Path, sources: Sequence[Path], config: Config, *, sleep_s: float
) -> dict[str, float]:
    """Encode every chunk of the sources once, for `bin/ffmpeg` of a build to copy; return how long each step will sleep.

    `sleep_s` on average; openings don't: they are what the videos begin with, not what is measured. The sources are
    alike but for their lengths.
    """
    (folder / "bin").mkdir(parents=True)
    lib = folder / "lib"
    (lib / "chunks").mkdir(parents=True)
    shutil.copy(ffmpeg(), lib / "ffmpeg")
    (lib / "report").write_text(REPORT)
    program = folder / "bin" / "ffmpeg"
    shutil.copy(SCRIPT, program)
    program.chmod(0o755)
    drawn = random.Random(1)  # noqa: S311 - the same in each run
    sleeps_s: dict[str, float] = {}
    for source in sources:
        for position, chunk, argv in _commands(source, folder / "work", config):
            name = chunk_step_name(position)
            graph = argv[argv.index("-filter_complex") + 1]
            made = lib / "chunks" / hashlib.md5(graph.encode(), usedforsecurity=False).hexdigest()
            if made.exists():  # of a source of another length
                continue
            (folder / "work").mkdir()
            run_program(argv)
            sleeps_s[name] = _sleep_of(chunk, sleep_s, drawn)
            (folder / "work" / "sleep_s").write_text(f"{sleeps_s[name]}\n")
            (folder / "work").rename(made)
    return sleeps_s


def _commands(source: Path, work: Path, config: Config) -> Iterator[tuple[int, Chunk, list[str]]]:
    """Give the command that encodes each chunk, as a worker runs it, into the folder."""
    encoding = config.encoding.model_copy(update={"ffmpeg": "auto"})
    plan = plan_encode(probe_source(source, upload=config.upload, encoding=encoding), encoding=encoding)
    if plan.video is None or plan.copy is not None:
        message = "The source of the simulation is not planned as it should be."
        raise RuntimeError(message)
    for position, chunk in enumerate(plan.chunks):
        reference = Comparison(source, plan, chunk, work, encoding, lambda: None).reference
        targets = [work / f"{name}.mp4" for name in chunk.rung_names]
        yield (
            position,
            chunk,
            chunk_argv(
                ffmpeg(), source, plan, chunk, targets=targets, encoding=encoding, reference=reference
            ),
        )


def _sleep_of(chunk: Chunk, sleep_s: float, drawn: random.Random) -> float:
    if chunk.priority in PRIORITIES_OF_OPENING:
        return 0.0
    return round(sleep_s * drawn.uniform(1 - VARIATION, 1 + VARIATION), 2)
