"""Further codecs in a real browser: it plays what it can decode, of several codecs, and leaves the rest alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Page

from gilfoyle.lib import storage
from gilfoyle.lib.config import RungSettings
from tests.browser import choices, look, open_menu, play, wait_until
from tests.clips import make_clip
from tests.lengths import mostly_whole
from tests.processing.whole_encode import ENCODING, encode_whole
from tests.streaming.clip import SEGMENTS, store_rendition, store_video
from tests.streaming.player.test_browser import open_embed, require_script
from videos import layout
from videos.catalog.models import Rendition, RenditionRun, Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

FURTHER = ("hevc", "vp9", "av1")
LENGTH_S = 8


@cache
def encoded() -> dict[str, tuple[str, bytes, int, list[tuple[int, bytes]]]]:
    """Encode a clip by the product; rendition -> codec, init segment, time scale, (ticks, bytes) of each segment."""
    encoding = ENCODING.model_copy(
        update={
            "segment_s": 2.0,
            "opening_s": 2.0,
            "codecs": ("h264", *FURTHER),
            "ladder": (RungSettings(width=256, height=144, crf=30, max_bitrate_bps=600_000),),
            "hevc": ENCODING.hevc.model_copy(update={"preset": "ultrafast"}),
            "vp9": ENCODING.vp9.model_copy(update={"preset": 8}),
            "av1": ENCODING.av1.model_copy(update={"preset": 12}),
        }
    )
    made = {}
    with TemporaryDirectory() as folder:
        source = make_clip(Path(folder, "a.mp4"), duration_s=LENGTH_S, fps="25", audio=False)
        for name, runs in encode_whole(source, Path(folder, "work"), encoding).runs.items():
            ordered = sorted(runs, key=lambda run: run.first_segment)
            segments = [
                (one.duration_ticks, one.path.read_bytes()) for run in ordered for one in run.segments
            ]
            made[name] = (ordered[0].codec, ordered[0].init, ordered[0].timescale, segments)
    return made


def store_codec(video: Video, name: str) -> None:
    codec, init, timescale, segments = encoded()[name]
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, name)
    storage.save_bytes(layout.init_name(folder), init)
    for number, (_, data) in enumerate(segments):
        storage.save_bytes(layout.segment_name(folder, number), data)
    rendition = Rendition.objects.create(
        video=video,
        revision=video.revision,
        name=name,
        kind="video",
        codec=codec,
        width=256,
        height=144,
        frame_rate="25",
        timescale=timescale,
        bandwidth_cap_bps=600_000,
        is_complete=True,
    )
    RenditionRun.objects.create(
        rendition=rendition,
        chunk_index=0,
        first_number=0,
        start_ticks=0,
        durations=[ticks for ticks, _ in segments],
        sizes=[len(data) for _, data in segments],
    )


def test_the_browser_knows_the_names_of_what_we_make(page: Page) -> None:
    page.goto("about:blank")
    for codec in ("h264", "vp9", "av1"):
        name = encoded()[f"v144{codec.removeprefix('h264')}"][0]
        assert page.evaluate(f"MediaSource.isTypeSupported('video/mp4; codecs=\"{name}\"')"), name


@pytest.mark.parametrize("codec", mostly_whole(["vp9", "av1"], "av1"))
def test_it_plays_to_its_end_beside_one_that_it_does_not_know(page, web, mint, codec: str):
    require_script()
    video = store_video()
    Rendition.objects.filter(video=video, kind="video").delete()
    for one in (codec, "hevc"):
        store_codec(video, f"v144{one}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 2)[1]))
    open_embed(page, web, video, mint(video))
    play(page)
    assert (look(page, "video.videoWidth"), look(page, "video.videoHeight")) == (256, 144)
    assert abs(look(page, "video.duration") - LENGTH_S) < 0.1
    look(page, "(video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert f"v144{codec}" in asked
    assert look(page, "video.getVideoPlaybackQuality().corruptedVideoFrames || 0") == 0


def test_a_size_is_one_choice_in_however_many_codecs_it_is_there(page, web, mint):
    require_script()
    video = store_video()
    for codec in FURTHER:
        store_codec(video, f"v144{codec}")
    open_embed(page, web, video, mint(video))
    play(page)
    open_menu(page, "Quality")
    assert choices(page) == ["Auto", "240p", "144p"]
    wait_until(page, "video.currentTime > 3")


@pytest.mark.whole
def test_a_size_is_one_choice_with_however_many_kinds_of_sound_it_is_there(page, web, mint):
    require_script()
    video = store_video()
    store_rendition(video, "a1", segments=SEGMENTS, is_complete=True)
    Rendition.objects.filter(video=video, name="a1").update(codec="opus")
    open_embed(page, web, video, mint(video))
    play(page)
    open_menu(page, "Quality")
    assert choices(page) == ["Auto", "240p", "144p"]
