"""Each source of the corpus through the whole engine: accepted or refused as expected, and every frame in its time."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from processing.errors import SourceRejected
from tests.clips import ffmpeg_path
from tests.corpus.catalogue import SOURCES
from tests.corpus.measure import find_beeps, find_strangers, read_pictures, read_thumbnails
from tests.corpus.outcome import ACCEPTED, REFUSED, Shown, is_long, shown, wanted
from tests.corpus.source import Played, Source
from tests.lengths import mostly_whole
from tests.processing.whole_encode import plan_of

AAC_PACKET = Fraction(1024, 48_000)
# Each has a near relative in the corpus that every run looks at.
RELATED = {
    *(name for name in ACCEPTED if is_long(name)),
    *(
        "rotated by 180",
        "rotated by 270",
        "open GOP",
        "one key frame",
        "4:4:4 H.264",
        "HEVC with open GOP",
        "10-bit HEVC",
    ),
    *(
        "HLG",
        "VP9 with alpha",
        "AV1 in WebM",
        "MPEG-1",
        "VOB",
        "MJPEG in AVI",
        "ProRes 422",
        "DV in AVI",
        "Sorenson in FLV",
    ),
    *(
        "25 fps",
        "29.97 fps",
        "12.53 fps",
        "240 fps",
        "variable rate in Matroska",
        "MPEG-TS at ten hours",
        "interlaced MPEG-2",
    ),
    *(
        "B-frames",
        "index first",
        "fragmented MP4",
        "Matroska without cues",
        "QuickTime",
        "telemetry",
        "film with a cover",
    ),
    *(
        "subtitles: mov_text",
        "subtitles: ass",
        "two pictures",
        "still with sound",
        "E-AC-3 in MP4",
        "Opus in MP4",
    ),
    *(
        "FLAC in Matroska",
        "8 kHz",
        "variable MP3",
        "M4A with a cover",
        "an animated film",
        "DNxHR",
        "MS-MPEG-4",
    ),
}


# Of these the decoder complains, and so each is read whole once more to see whether it is what arrived.
DOUBTFUL = {"MPEG-TS without its first key frame"}


@pytest.mark.corpus
@pytest.mark.parametrize("name", mostly_whole(ACCEPTED, *(name for name in ACCEPTED if name not in RELATED)))
def test_every_frame_and_beep_of_an_accepted_source_is_in_its_place(name: str, tmp_path: Path) -> None:
    played, outcome = wanted(name), shown(name)
    video = outcome.whole.plan.video
    assert bool(video) == bool(played.rate)
    if video:
        assert (video.frame_rate, video.frame_count) == (Fraction(played.rate), played.frames)
        assert (video.rungs[0].width, video.rungs[0].height) == played.size
        check_pictures(played, outcome, tmp_path)
    assert abs(outcome.whole.plan.duration_s - played.duration_s) <= (0 if video else 2 * AAC_PACKET)
    check_sound(played, outcome, tmp_path)
    made = [run for runs in outcome.whole.runs.values() for run in runs]
    assert any(run.is_doubtful for run in made) == (name in DOUBTFUL)


def check_pictures(played: Played, outcome: Shown, folder: Path) -> None:
    video = outcome.whole.plan.video
    assert video is not None
    borders = list(range(0, played.frames * video.frame_ticks, video.segment_frames * video.frame_ticks))
    for rendition in outcome.presentation.video:
        assert outcome.whole.starts(rendition.name) == borders, "segments of all rungs begin on the same grid"
        assert [segment.start_ticks for segment in rendition.index.segments] == borders
        assert len(outcome.whole.inits(rendition.name)) == 1, "all chunks share one init segment"
        joined = join(outcome.folder / rendition.name, folder / f"{rendition.name}.mp4")
        pictures = read_pictures(joined, turned=played.turned)
        assert [at for at, _ in pictures] == [place * video.frame_ticks for place in range(played.frames)]
        if (numbers := played.shown()) is not None:
            assert [number for _, number in pictures] == numbers
        if played.is_natural:
            assert find_strangers(read_thumbnails(joined), read_thumbnails(outcome.source)) == []


def join(folder: Path, path: Path) -> Path:
    """Write a rendition's bytes one after the other, as a player appends them."""
    parts = [folder / "init.mp4", *sorted(folder.glob("*.m4s"))]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def check_sound(played: Played, outcome: Shown, folder: Path) -> None:
    """Decode all playlists with ffmpeg, where any complaint fails, and listen to what comes out."""
    assert [sound.channels for sound in outcome.whole.plan.audio] == [played.channels] * (
        played.sounds if played.channels else 0
    )
    renditions = [*outcome.presentation.video, *outcome.presentation.audio]
    arguments: list[str | Path] = ["-xerror"]
    for rendition in renditions:
        arguments += ["-i", outcome.folder / rendition.name / "index.m3u8"]
    for at in range(len(renditions)):
        arguments += ["-map", f"{at}:0"]
    arguments += ["-fps_mode", "passthrough", "-f", "null", "-"]
    sounds = [folder / f"{rendition.name}.raw" for rendition in outcome.presentation.audio]
    for at, sound in enumerate(sounds, len(outcome.presentation.video)):
        arguments += ["-map", f"{at}:0", "-ac", "1", "-ar", "48000", "-f", "s16le", sound]
    done = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-nostdin", *arguments], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    for sound in sounds:
        raw = sound.read_bytes()
        length_s = Fraction(len(raw) // 2, 48_000)
        assert abs(length_s - outcome.whole.plan.duration_s) <= 2 * AAC_PACKET
        if sound is sounds[0] and (heard := played.heard()) is not None:
            beeps = find_beeps(raw)
            assert len(beeps) == len(heard), beeps
            late = [float(beep - at) for beep, at in zip(beeps, heard, strict=True)]
            assert max(map(abs, late), default=0) <= played.frame_s, late


@pytest.mark.corpus
@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_played_is_refused_in_words(name: str, tmp_path: Path) -> None:
    source = REFUSED[name]
    with pytest.raises(SourceRejected) as refused:
        plan_of(source.make(tmp_path))
    assert refused.value.code == source.becomes
    assert refused.value.message.endswith(".")
    assert len(refused.value.message.split()) >= 4


def test_names_and_words_are_each_source_s_own() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert len(SOURCES) >= 60
    assert all(isinstance(source, Source) and source.about for source in SOURCES)
