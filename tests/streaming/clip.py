"""A tiny real video in storage and in rows, made with ffmpeg: two rungs and audio, cut at the movie fragments."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imageio_ffmpeg
from django.conf import settings

from gilfoyle.lib import storage
from gilfoyle.lib.config import TextSettings
from processing.packaging.fragments import read_fragment, read_init
from processing.packaging.key_frames import find_key_frame_bytes
from videos import layout
from videos.access.models import Project
from videos.catalog.content_keys import find_cipher, make_content_key
from videos.catalog.models import ImageSet, Rendition, RenditionRun, Video
from videos.catalog.sealed_pictures import save_picture
from videos.segment_cipher import SegmentCipher
from videos.tracks.models import TextTrack
from videos.tracks.services import TrackFacts, add_track

SEGMENT_S = 2
SEGMENTS = 4
LENGTH_S = SEGMENT_S * SEGMENTS
FRAME_RATE = 25
VIDEO_TIMESCALE = 12_800
AUDIO_TIMESCALE = 48_000
RUNGS = (("v240", 426, 240), ("v144", 256, 144))
CMAF = "+cmaf+frag_keyframe+empty_moov+default_base_moof+skip_trailer"


@dataclass(frozen=True)
class Track:
    """One encoded track: its init segment, its media segments, their durations in ticks."""

    init: bytes
    segments: tuple[bytes, ...]
    durations: tuple[int, ...]

    def key_frame_bytes(self, number: int) -> int:
        """Return where a segment's first picture ends; 0 for sound."""
        return find_key_frame_bytes(BytesIO(self.segments[number]), read_init(self.init))


@dataclass(frozen=True)
class Clip:
    """All tracks by rendition name, and a poster."""

    tracks: dict[str, Track]
    poster: bytes


@cache
def make_clip() -> Clip:
    length_s = SEGMENT_S * SEGMENTS
    with TemporaryDirectory() as folder:
        picture = f"testsrc2=size=426x240:rate={FRAME_RATE}:duration={length_s}"
        for name, width, height in RUNGS:
            keys = str(SEGMENT_S * FRAME_RATE)
            codec = [
                "-c:v",
                "libx264",
                "-profile:v",
                "baseline",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
            ]
            grid = [
                "-g",
                keys,
                "-keyint_min",
                keys,
                "-sc_threshold",
                "0",
                "-video_track_timescale",
                str(VIDEO_TIMESCALE),
            ]
            scale = ["-vf", f"scale={width}:{height}"]
            _ffmpeg(
                "-f", "lavfi", "-i", picture, *scale, *codec, *grid, "-movflags", CMAF, f"{folder}/{name}.mp4"
            )
        tone = f"sine=frequency=440:sample_rate={AUDIO_TIMESCALE}:duration={length_s}"
        pieces = [
            "-movflags",
            "+cmaf+empty_moov+default_base_moof+skip_trailer",
            "-frag_duration",
            str(SEGMENT_S * 10**6),
        ]
        _ffmpeg(
            "-f", "lavfi", "-i", tone, "-ac", "2", "-c:a", "aac", "-b:a", "64k", *pieces, f"{folder}/a0.mp4"
        )
        _ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", "1", f"{folder}/poster.jpg")
        tracks = {
            name: _split(Path(folder, f"{name}.mp4").read_bytes())
            for name in [*(name for name, _, _ in RUNGS), "a0"]
        }
        return Clip(tracks, Path(folder, "poster.jpg").read_bytes())


def _ffmpeg(*arguments: str) -> None:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-nostdin", "-v", "error", "-y", *arguments], check=True, timeout=120)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = struct.unpack_from(">I", data, at)[0]
        yield data[at + 4 : at + 8], data[at : at + size]
        at += size


def _split(data: bytes) -> Track:
    init, segments, durations = b"", [], []
    for kind, box in _boxes(data):
        if kind in {b"ftyp", b"moov"}:
            init += box
        elif kind == b"moof":
            segments.append(box)
            durations.append(read_fragment(box).duration_ticks)
        elif kind == b"mdat":
            segments[-1] += box
    return Track(init, tuple(segments), tuple(durations))


def store_video(
    *,
    title: str = "A clip",
    segments: int = SEGMENTS,
    is_complete: bool = True,
    is_encrypted: bool = False,
) -> Video:
    """Store the clip as a new project's video; fewer `segments` and not complete: it is still growing."""
    clip = make_clip()
    project = Project.objects.create(name=f"Project {Project.objects.count()}")
    status = "ready" if is_complete else "processing"
    video = Video.objects.create(
        project=project,
        title=title,
        status=status,
        playable=True,
        duration_s=float(SEGMENTS * SEGMENT_S),
        width=RUNGS[0][1],
        height=RUNGS[0][2],
    )
    if is_encrypted:
        root_secret = settings.GILFOYLE_ROOT_SECRET
        make_content_key(video_id=video.pk, revision=video.revision, root_secret=root_secret)
    for name in clip.tracks:
        store_rendition(video, name, segments=segments, is_complete=is_complete)
    store_image(video, "poster", "poster.jpg", clip.poster)
    return video


def store_image(video: Video, kind: str, file: str, data: bytes, **facts: Any) -> ImageSet:
    """Store a picture, and its row; sealed where the video has a key."""
    save_picture(f"{image_folder(video, kind)}/{file}", data, cipher_of(video))
    return ImageSet.objects.create(
        video=video, revision=video.revision, kind=kind, version=1, size_bytes=len(data), facts=facts
    )


def image_folder(video: Video, kind: str) -> str:
    return layout.image_folder(video.project_id, video.pk, video.revision, kind, 1)


def cipher_of(video: Video) -> SegmentCipher | None:
    """Return what a stored video's segments are encrypted with, if they are."""
    return find_cipher(video_id=video.pk, revision=video.revision, root_secret=settings.GILFOYLE_ROOT_SECRET)


def store_rendition(video: Video, name: str, *, segments: int, is_complete: bool) -> None:
    """Store one track's init segment and first segments, with their rows; encrypted where the video has a key."""
    tracks = make_clip().tracks
    track = tracks.get(name) or tracks["a0"]
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, name)
    storage.save_bytes(layout.init_name(folder), track.init)
    cipher, stored = cipher_of(video), list(track.segments[:segments])
    if cipher is not None:
        stored = [cipher.encrypt(data, rendition=name, number=number) for number, data in enumerate(stored)]
    for number, data in enumerate(stored):
        storage.save_bytes(layout.segment_name(folder, number), data)
    is_audio = name.startswith("a")
    size = next(((width, height) for rung, width, height in RUNGS if rung == name), (None, None))
    rendition = Rendition.objects.create(
        video=video,
        revision=video.revision,
        name=name,
        kind="audio" if is_audio else "video",
        codec="mp4a.40.2" if is_audio else "avc1.42c015",
        width=size[0],
        height=size[1],
        frame_rate="" if is_audio else str(Fraction(FRAME_RATE)),
        channels=2 if is_audio else None,
        timescale=AUDIO_TIMESCALE if is_audio else VIDEO_TIMESCALE,
        bandwidth_cap_bps=64_000 if is_audio else 400_000,
        is_complete=is_complete,
    )
    RenditionRun.objects.create(
        rendition=rendition,
        chunk_index=0,
        first_number=0,
        start_ticks=0,
        durations=list(track.durations[:segments]),
        sizes=[len(data) for data in stored],
        key_frame_sizes=[track.key_frame_bytes(number) for number in range(len(stored))],
    )


def store_track(
    video: Video, *cues: tuple[float, float, str], language: str = "en", **facts: Any
) -> TextTrack:
    """Add a text track with cues of (start, end, text), as an upload of SRT would."""
    times = (f"{_srt_time(start)} --> {_srt_time(end)}\n{text}\n" for start, end, text in cues)
    given = TrackFacts(**{"kind": "subtitles", "language": language, **facts})
    return add_track(video=video, data="\n".join(times).encode(), facts=given, limits=TextSettings())


def _srt_time(time_s: float) -> str:
    return f"00:00:{time_s:06.3f}".replace(".", ",")
