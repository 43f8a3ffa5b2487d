"""What a phone, a camera or a drone writes into its files beside the picture leaves the house in no byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from processing.encoding.remux import remux
from processing.images.picture_files import read_picture
from processing.images.thumbnails import make_poster
from processing.packaging.boxes import walk_boxes
from tests.clips import make_clip, run_tool
from tests.lengths import mostly_whole
from tests.processing.whole_encode import ENCODING, Whole, encode_whole

TELLING_BOXES = {"udta", "meta", "loci", "\xa9xyz", "uuid", "chpl", "covr", "emsg", "ilst", "tref", "prft"}
SECRETS = (
    b"52.5200",
    b"13.4050",
    b"PlantedMaker",
    b"PlantedModel",
    b"PlantedArtist",
    b"PlantedChapter",
    b"PlantedTrack",
)
CHAPTERS = """;FFMETADATA1
artist=PlantedArtist
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=PlantedChapter
"""
POSITIONS = """1
00:00:00,000 --> 00:00:02,000
GPS(13.4050,52.5200,19) PlantedTrack
"""
TAGS = {
    "location": "+52.5200+013.4050/",
    "location-eng": "+52.5200+013.4050/",
    "com.apple.quicktime.location.ISO6709": "+52.5200+013.4050/",
    "make": "PlantedMaker",
    "model": "PlantedModel",
    "artist": "PlantedArtist",
    "comment": "PlantedMaker PlantedModel",
}


def telling_source(folder: Path, name: str, *flags: str) -> Path:
    """Write a clip with a place, a device, a person, chapters and a track of positions."""
    plain = make_clip(folder / "plain.mp4")
    (folder / "chapters.txt").write_text(CHAPTERS)
    (folder / "positions.srt").write_text(POSITIONS)
    tags = [part for key, value in TAGS.items() for part in ("-metadata", f"{key}={value}")]
    streams = ["-metadata:s:v:0", "handler_name=PlantedMaker", "-metadata:s:a:0", "title=PlantedArtist"]
    subtitles = "srt" if name.endswith("mkv") else "mov_text"
    path = folder / name
    run_tool(
        "-i", plain, "-i", folder / "chapters.txt", "-i", folder / "positions.srt",
        "-map", "0", "-map", "2", "-map_metadata", "1", "-map_chapters", "1",
        "-c", "copy", "-c:s", subtitles, *tags, *streams, *flags, path,
    )  # fmt: skip
    return path


KINDS = {
    "MP4 as Android writes it": ("a.mp4", ()),
    "MP4 with any tag": ("a.mp4", ("-movflags", "use_metadata_tags")),
    "MOV as iPhones write it": ("a.mov", ()),
    "Matroska": ("a.mkv", ()),
}


@pytest.fixture(params=mostly_whole(KINDS, "MP4 with any tag", "Matroska"))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, flags = KINDS[request.param]
    return telling_source(tmp_path, name, *flags)


def outputs(whole: Whole) -> list[bytes]:
    runs = [run for runs in whole.runs.values() for run in runs]
    segments = [segment.path.read_bytes() for run in runs for segment in run.segments]
    return [*(run.init for run in runs), *segments]


def test_the_source_tells_what_the_outputs_must_not(source: Path) -> None:
    data = source.read_bytes()
    assert b"52.5200" in data
    assert b"PlantedChapter" in data
    assert b"PlantedTrack" in data


def test_no_output_tells_place_device_or_person(source: Path, tmp_path: Path) -> None:
    whole = encode_whole(source, tmp_path / "work")
    (tmp_path / "poster").mkdir()
    posters = make_poster(
        source,
        whole.plan,
        work_dir=tmp_path / "poster",
        max_px=200,
        encoding=ENCODING,
        formats=("jpeg", "webp", "avif"),
    )
    assert whole.plan.copy is not None, "the source's own frames are the likeliest to tell"
    (tmp_path / "copy").mkdir()
    whole.runs["copy"] = [remux(source, whole.plan, work_dir=tmp_path / "copy", encoding=ENCODING)]
    written = outputs(whole)
    assert len(written) > 10
    for data in written:
        kinds = [box.kind for box in walk_boxes(data)]
        assert not TELLING_BOXES & set(kinds)
        assert kinds.count("trak") in (0, 1), "picture or sound, and no other track"
        assert b"x264 - core" not in data, "nor how it was made"
    for picture in posters.values():
        found = read_picture(picture)
        assert found is not None
        assert not found.has_metadata
        for maker in (b"Lavc", b"Lavf", b"libaom", b"http"):
            assert maker not in picture
    for data in [*written, *posters.values()]:
        for secret in SECRETS:
            assert secret not in data
            assert secret.decode().encode("utf-16-le") not in data
