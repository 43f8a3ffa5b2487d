"""A token for a clip gets what its manifests list and not a byte beside it, in every mode of delivery, whatever it asks for."""

from __future__ import annotations

import random
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from pydantic import SecretStr

from gilfoyle.lib.config import Config
from streaming.manifests import cache
from streaming.tokens.claims import Clip
from tests.streaming.clip import (
    SEGMENT_S,
    SEGMENTS,
    make_clip,
    store_image,
    store_rendition,
    store_track,
    store_video,
)
from tests.streaming.conftest import folder_of
from tests.streaming.delivery.test_raw import Answer, call, config_with, problem

SEED = 20_261_130
RENDITIONS = ("v240", "v144", "a0")
BORDERS_MS = [SEGMENT_S * 1000 * at for at in range(SEGMENTS + 1)]
CDN: dict[str, Any] = {"cdn_url": "https://cdn.example.com", "cdn_secret": SecretStr("x" * 32)}
MODES: dict[str, dict[str, Any]] = {
    "direct": {"delivery": "direct"},
    "x_accel": {"delivery": "x_accel"},
    "redirect": {"delivery": "redirect", **CDN},
    "presigned": {"delivery": "presigned", **CDN},
}
MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture(autouse=True)
def _no_kept_manifest() -> None:
    cache.forget()


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.content)
    return answer.content.decode()


def listed_by_hls(client: Client, folder: str, rendition: str) -> set[int]:
    text = read(client, f"{folder}{rendition}/index.m3u8")
    return {int(number) for number in re.findall(r"^(?:.*/)?([0-9]{5})\.m4s", text, re.MULTILINE)}


def listed_by_dash(client: Client, folder: str, rendition: str) -> set[int]:
    tree = ET.fromstring(read(client, f"{folder}manifest.mpd"))  # noqa: S314 - our own
    one = next(found for found in tree.iter(f"{MPD}Representation") if found.get("id") == rendition)
    template = one.find(f"{MPD}SegmentTemplate")
    assert template is not None
    count = sum(int(found.get("r", 0)) + 1 for found in template.iter(f"{MPD}S"))
    first = int(template.get("startNumber", 0))
    return set(range(first, first + count))


def gives_away(answer: Answer) -> bool:
    return (
        answer.status < 400
        or any(name in answer.headers for name in ("X-Accel-Redirect", "Location"))
        or any(data[:64] in answer.body for track in make_clip().tracks.values() for data in track.segments)
    )


@pytest.mark.parametrize("mode", MODES)
def test_in_every_mode_what_is_listed_is_what_may_be_had(settings, client, video, mint, mode):
    config = config_with(**MODES[mode])
    settings.GILFOYLE = config
    chance = random.Random(SEED)  # noqa: S311 - the same each time is the very point
    for _ in range(12):
        start_ms = chance.choice([*BORDERS_MS[:-1], chance.randrange(7999)])
        clip = Clip(start_ms, min(8000, start_ms + chance.choice([1, 1999, 2000, 2001, 8000])))
        folder = folder_of(video, mint(video, clip=clip))
        for rendition in RENDITIONS:
            listed = listed_by_hls(client, folder, rendition)
            assert listed
            assert listed == listed_by_dash(client, folder, rendition)
            for number in (*range(SEGMENTS + 2), 99_999):
                for method in ("GET", "HEAD"):
                    answer = call(f"{folder}{rendition}/{number:05d}.m4s", method, config=config)
                    assert gives_away(answer) == (number in listed), (clip, rendition, number, method)
                    if number not in listed:
                        assert answer.status == 403
            assert not gives_away(call(f"{folder}{rendition}/00000.m4s", "POST", config=config))


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_the_whole_video_are_not_given(settings, client, video, mint, mode):
    config = config_with(**MODES[mode])
    settings.GILFOYLE = config
    for kind, file in (("storyboard", "storyboard-000.jpg"), ("preview", "preview.webp")):
        store_image(video, kind, file, b"moments")
    folder = folder_of(video, mint(video, clip=Clip(0, 8000)))
    for file in ("poster.jpg", "poster.webp", "storyboard-000.jpg", "preview.webp"):
        answer = call(folder + file, config=config)
        assert (problem(answer), gives_away(answer)) == ((403, "playback_forbidden"), False), file
    whole = folder_of(video, mint(video))
    assert gives_away(call(whole + "preview.webp", config=config))
    assert client.get(folder + "storyboard.vtt").status_code == 403
    for file in ("poster.jpg", "storyboard.vtt", "preview.webp"):
        above = folder.replace(f"{video.revision}/", "") + file
        assert client.get(above).status_code == 403, file


def test_an_nginx_that_remembers_asks_about_each_file(video, mint):
    config = config_with(delivery="x_accel")
    told = call(f"/_standing/{video.project_id}/{video.pk}", config=config)
    standing = told.headers["X-Gilfoyle-Standing"]
    folder = folder_of(video, mint(video, clip=Clip(0, 1000)))
    for file in ("v240/init.mp4", "v240/00000.m4s", "v240/00003.m4s"):
        remembered = call(folder + file, config=config, x_gilfoyle_standing=standing)
        assert (remembered.status, "X-Accel-Redirect" in remembered.headers) == (403, False)
    assert call(folder + "v240/00000.m4s", config=config).headers["X-Accel-Redirect"].endswith("/00000.m4s")
    assert call(folder + "v240/00003.m4s", config=config).status == 403


def test_text_says_nothing_of_what_is_beside_the_clip(client, video, mint):
    track = store_track(video, (0.5, 1.5, "before"), (1.8, 4.2, "across"), (4.5, 6, "after")).pk
    folder = folder_of(video, mint(video, clip=Clip(3000, 4500)))
    whole = read(client, f"{folder}text/{track}.vtt")
    # Players count from the first picture that is listed, which is that of 2 s.
    assert "00:00:01.000 --> 00:00:02.200\nacross" in whole
    first, second = (read(client, f"{folder}text/{track}/0000{number}.vtt") for number in (0, 1))
    for text in (whole, first, second):
        assert ("before" in text, "across" in text, "after" in text) == (False, True, False)
    assert client.get(f"{folder}text/{track}/00002.vtt").status_code == 403
    only = folder_of(video, mint(video, clip=Clip(0, 1000)))
    assert client.get(f"{only}text/{track}/00001.vtt").status_code == 403
    playlist = read(client, f"{folder}text/{track}/index.m3u8")
    assert "#EXTINF:2.000000,\n00000.vtt\n#EXTINF:4.000000,\n00001.vtt\n#EXT-X-ENDLIST" in playlist


def test_encrypted_segments_keep_their_numbers_as_iv(client, db, mint):
    video = store_video(is_encrypted=True)
    folder = folder_of(video, mint(video, clip=Clip(4100, 5000)))
    text = read(client, f"{folder}v240/index.m3u8")
    assert "#EXT-X-MEDIA-SEQUENCE:2\n" in text
    assert client.get(f"{folder}v240/key").status_code == 200
    assert [call(f"{folder}v240/0000{number}.m4s").status for number in range(4)] == [403, 403, 200, 403]


@pytest.mark.parametrize(
    "public",
    [
        {"storage": {"is_public": True}},
        {"playback": {"delivery": "redirect", "cdn_url": "https://c.example", "cdn_secret": "x" * 32}},
    ],
)
def test_where_others_can_read_the_files_no_clip_is_opened(settings, client, db, mint, public):
    settings.GILFOYLE = Config.model_validate(public)
    video = store_video(is_encrypted=True)
    folder = folder_of(video, mint(video, clip=Clip(0, 1000)))
    for file in ("master.m3u8", "v240/index.m3u8", "v240/key"):
        assert client.get(folder + file).status_code == 403, file
    assert call(folder + "v240/00000.m4s").status == 403
    assert client.get(folder_of(video, mint(video)) + "v240/key").status_code == 200


def test_of_a_growing_video_the_clip_opens_as_it_comes(client, db, mint):
    video = store_video(segments=2, is_complete=False)
    folder = folder_of(video, mint(video, clip=Clip(3000, 5000)))
    far = folder_of(video, mint(video, clip=Clip(6000, 7000)))
    assert listed_by_hls(client, folder, "v240") == {1}
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in read(client, f"{folder}v240/index.m3u8")
    assert client.get(far + "master.m3u8").status_code == 404
    assert [call(f"{folder}v240/0000{number}.m4s").status for number in range(4)] == [403, 200, 403, 403]
    assert call(f"{far}v240/00001.m4s").status == 403
    video.renditions.all().delete()
    for name in RENDITIONS:
        store_rendition(video, name, segments=3, is_complete=False)
    cache.forget()  # a second passes
    text = read(client, f"{folder}v240/index.m3u8")
    assert listed_by_hls(client, folder, "v240") == {1, 2}
    assert "#EXT-X-ENDLIST" in text  # the clip is whole before the video is
    assert [call(f"{folder}v240/0000{number}.m4s").status for number in range(4)] == [403, 200, 200, 403]


def test_revision_and_rendition_that_there_are_not_open_nothing(video, mint):
    token = mint(video, clip=Clip(0, 8000))
    assert call(folder_of(video, token) + "v999/00000.m4s").status == 403
    assert call(folder_of(video, token, "S" * 16) + "v240/00000.m4s").status in {403, 404}
