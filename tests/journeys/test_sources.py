"""Sources of each kind over HTTP: uploaded, followed, played; and what is no video, refused in words."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from processing.packaging.boxes import walk_boxes
from tests.clips import make_clip, read_numbers, run_tool
from tests.embedded import Gilfoyle
from tests.journeys.consumer import playback, upload, video, wait_until_ended, wait_until_ready
from tests.lengths import mostly_whole
from tests.playing import all_bytes, decode, media_playlists
from tests.processing.sources import SOUNDS, VIDEOS

pytestmark = pytest.mark.embedded

KINDS = (
    pytest.param("landscape", marks=pytest.mark.everywhere),
    "rotated",
    "variable rate",
    "one frame",
    *mostly_whole(["portrait", "odd size", "29.97", "no audio", "very short"]),
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_ready_and_plays_frame_by_frame(
    kind: str, shared_gilfoyle: Gilfoyle, tmp_path: Path
) -> None:
    make, rate, frames, compared = VIDEOS[kind]
    source = make(tmp_path)
    client = shared_gilfoyle.client
    video_id = upload(client, source, title=kind)
    ready = wait_until_ready(client, video_id)
    assert ready["playable"]
    assert ready["frame_rate"] == rate
    assert ready["progress"] == 100
    answer = playback(client, video_id)
    decoded = decode(answer["hls_url"])
    assert decoded.frames == frames
    pictures = [one for one in media_playlists(client, answer["hls_url"]) if re.search(r"/v\d+/", one.url)]
    for playlist in pictures:
        assert playlist.is_complete
        assert sum(playlist.durations_s) == pytest.approx(frames * eval_rate(rate), abs=0.001)
        assert decode(playlist.url, stream="0:0").frames == frames
    if compared:
        size = (ready["width"], ready["height"])
        numbers = read_numbers(Path(pictures[0].url), size=size)
        assert numbers == list(range(frames))
    poster = client.get(answer["poster_url"])
    assert poster.headers["Content-Type"] == "image/jpeg"
    assert poster.content.startswith(b"\xff\xd8")


def eval_rate(rate: str) -> float:
    numerator, _, denominator = rate.partition("/")
    return int(denominator or 1) / int(numerator)


def test_portrait_stays_upright_and_rotated_is_turned(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    for kind in ("portrait", "rotated"):
        video_id = upload(shared_gilfoyle.client, VIDEOS[kind][0](tmp_path))
        ready = wait_until_ready(shared_gilfoyle.client, video_id)
        assert (ready["width"], ready["height"]) == (180, 320)
        answer = shared_gilfoyle.client.get(f"/api/v1/videos/{video_id}/renditions").json()
        assert all(row["width"] < row["height"] for row in answer if row["kind"] == "video")


def test_sound_alone_is_a_video_without_pictures(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    client = shared_gilfoyle.client
    video_id = upload(client, SOUNDS["MP3"](tmp_path))
    ready = wait_until_ready(client, video_id)
    assert ready["width"] is None
    answer = playback(client, video_id)
    assert answer["poster_url"] is None
    assert decode(answer["hls_url"], stream="0:a:0").duration_s == pytest.approx(3, abs=0.1)


def test_longer_clip_has_several_sizes(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    client = shared_gilfoyle.client
    video_id = upload(client, make_clip(tmp_path / "a.mp4", duration_s=6, size=(1280, 720)))
    wait_until_ready(client, video_id)
    rows = client.get(f"/api/v1/videos/{video_id}/renditions").json()
    encoded = [row for row in rows if row["kind"] == "video" and not row["is_stopgap"]]
    sizes = [(row["width"], row["height"]) for row in encoded]
    assert sizes == [(1280, 720), (854, 480), (640, 360), (426, 240)]
    assert {row["segments"] for row in rows} == {2}
    assert [row["name"] for row in rows if row["is_stopgap"]] == ["v720copy"]
    # Who begins to play now is told of what is encoded alone.
    master = client.get(playback(client, video_id)["hls_url"]).text
    assert "v720copy" not in master


# Refused, in words


def empty(folder: Path) -> Path:
    (folder / "empty.mp4").write_bytes(b"")
    return folder / "empty.mp4"


def text(folder: Path) -> Path:
    (folder / "text.mp4").write_text("This is a letter, not a film.\n" * 50)
    return folder / "text.mp4"


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "film.mp4", "w") as archive:
        archive.writestr("film.txt", "no film" * 1000)
    return folder / "film.mp4"


def truncated(folder: Path) -> Path:
    whole = make_clip(folder / "whole.mp4")
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return folder / "cut.mp4"


def cut_in_the_middle(folder: Path) -> Path:
    whole = make_clip(folder / "whole.mp4", output_args=("-movflags", "+faststart"))
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return folder / "cut.mp4"


def bomb(folder: Path) -> Path:
    picture = "color=c=black:s=12000x12000:r=1"
    run_tool(
        "-f",
        "lavfi",
        "-i",
        picture,
        "-frames:v",
        "2",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        folder / "bomb.mp4",
    )
    return folder / "bomb.mp4"


def renamed_playlist(folder: Path) -> Path:
    (folder / "list.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    )
    return folder / "list.mp4"


def renamed_concat(folder: Path) -> Path:
    (folder / "concat.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    return folder / "concat.mp4"


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty": (empty, "source_empty"),
    "text": (text, "source_not_media"),
    "zip": (zipped, "source_not_media"),
    "truncated": (truncated, "source_truncated"),
    "cut in the middle": (cut_in_the_middle, "source_truncated"),
    "image bomb": (bomb, "source_too_large_picture"),
    "HLS playlist": (renamed_playlist, "source_not_media"),
    "ffconcat": (renamed_concat, "source_not_media"),
}


@pytest.mark.everywhere
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_video_is_refused_in_words(kind: str, shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    make, code = REFUSED[kind]
    video_id = upload(shared_gilfoyle.client, make(tmp_path))
    ended = wait_until_ended(shared_gilfoyle.client, video_id)
    assert ended["status"] == "failed"
    assert ended["failure"]["code"] == code
    words = ended["failure"]["message"]
    assert len(words.split()) >= 4
    assert words.endswith(".")
    assert "/" not in words, "no path and no command is for the customer"
    answer = shared_gilfoyle.client.post(f"/api/v1/videos/{video_id}/playback")
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.folder
def test_failed_video_takes_another_source(shared_gilfoyle: Gilfoyle, tmp_path: Path) -> None:
    client = shared_gilfoyle.client
    video_id = upload(client, text(tmp_path))
    wait_until_ended(client, video_id)
    source = make_clip(tmp_path / "good.mp4")
    assert client.put(f"/api/v1/videos/{video_id}/source", content=source.read_bytes()).status_code == 200
    ready = wait_until_ready(client, video_id)
    assert ready["failure"] is None
    stored = (shared_gilfoyle.data_dir / "media" / "sources").rglob("source*")
    assert len({path.parent for path in stored if video_id in str(path)}) == 1  # of one upload


# Where and on what a video was taken stays with its maker

PLANTED = (b"+48.2082+016.3738", b"GILFOYLE-PHONE", b"A. Maker", b"Kitchen chapter", b"48.2082 16.3738")
TELLING_BOXES = {"udta", "meta", "loci", "\xa9xyz", "uuid", "chpl", "chap", "covr", "emsg", "tref"}


def telling_source(folder: Path) -> Path:
    plain = make_clip(folder / "plain.mp4")
    (folder / "track.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\n48.2082 16.3738\n\n")
    (folder / "chapters.txt").write_text(
        ";FFMETADATA1\ntitle=Kitchen\nartist=A. Maker\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=Kitchen chapter\n"
    )
    run_tool(
        "-i", plain, "-i", folder / "track.srt", "-i", folder / "chapters.txt",
        "-map", "0", "-map", "1", "-map_metadata", "2", "-map_chapters", "2", "-c", "copy", "-c:s", "mov_text",
        "-metadata", "location=+48.2082+016.3738/", "-metadata", "make=GILFOYLE-PHONE", "-metadata", "model=GILFOYLE-PHONE",
        "-metadata:s:v:0", "handler_name=GILFOYLE-PHONE", "-movflags", "+use_metadata_tags", folder / "telling.mp4",
    )  # fmt: skip
    return folder / "telling.mp4"


def test_no_output_byte_tells_where_or_on_what_it_was_taken(
    shared_gilfoyle: Gilfoyle, tmp_path: Path
) -> None:
    source = telling_source(tmp_path)
    kept = source.read_bytes()
    assert all(word in kept for word in PLANTED[:4]), "the source must hold what is looked for"
    client = shared_gilfoyle.client
    video_id = upload(client, source)
    wait_until_ready(client, video_id)
    answer = playback(client, video_id)
    bodies = all_bytes(client, answer["hls_url"])
    bodies[answer["poster_url"]] = client.get(answer["poster_url"]).content
    media = [url for url in bodies if url.endswith((".mp4", ".m4s"))]
    assert len(media) >= 4
    for url, body in bodies.items():
        assert not [word for word in PLANTED if word in body], url
    for url in media:
        kinds = {box.kind for box in walk_boxes(bodies[url])}
        assert kinds & {"moov", "moof"}
        assert kinds & TELLING_BOXES == set(), url
    shown = video(client, video_id)
    assert not [word for word in PLANTED if word.decode() in str(shown)]
