from __future__ import annotations

import re

import pytest
from django.test import Client
from pydantic import SecretStr

from streaming import chapters, text_tracks
from streaming.admission import admission
from streaming.manifests import cache
from streaming.tokens.claims import Clip, Scope, parse_token
from tests.clips import run_tool
from tests.streaming.clip import SEGMENTS, store_image, store_rendition, store_track, store_video
from tests.streaming.conftest import folder_of, forged
from tests.streaming.whole_application import WholeApplication
from videos.catalog.models import Rendition
from videos.chapters.chapter import Chapter
from videos.chapters.services import give_chapters
from videos.layout import rendition_folder
from videos.storyboard import Storyboard
from videos.tracks.services import remove_track
from videos.usage.models import DailyPlays

HLS = "application/vnd.apple.mpegurl"
DASH = "application/dash+xml"


@pytest.fixture
def client() -> Client:
    return Client()


def test_the_master_names_every_rendition(client, video, mint):
    answer = client.get(folder_of(video, mint(video)) + "master.m3u8")
    text = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, HLS)
    assert "v240/index.m3u8\n" in text
    assert "v144/index.m3u8\n" in text
    assert 'URI="a0/index.m3u8"' in text
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.cookies


def test_the_dash_manifest_names_every_rendition(client, video, mint):
    token = mint(video)
    answer = client.get(folder_of(video, token) + "manifest.mpd")
    text = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, DASH)
    assert answer["Cache-Control"] == "private, no-cache"
    for name in ("v240", "v144", "a0"):
        assert f'<Representation id="{name}"' in text
    assert 'type="static" mediaPresentationDuration="PT8.022S"' in text
    assert token not in text
    again = client.get(folder_of(video, token) + "manifest.mpd", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_the_dash_manifest_shows_what_its_token_opens(client, video, mint):
    track = store_track(video, (1, 2, "Hello"))
    store_image(video, "storyboard", "storyboard-000.jpg", b"sheet", storyboard=BOARD.to_json())
    cache.forget()

    def manifest(**wish: object) -> str:
        return str(client.get(folder_of(video, mint(video, **wish)) + "manifest.mpd").content.decode())

    whole = manifest()
    assert f"text/{track.pk}.vtt" in whole
    assert "storyboard-$Number%03d$.jpg" in whole
    less = manifest(scope=Scope.PLAY, max_height=144)
    assert not [word for word in ("text/", "storyboard", "v240") if word in less]
    assert '<Representation id="v144"' in less


def test_dash_waits_for_what_is_encoded(client, video, mint):
    # A film that is offered as it came can't be taken back from players of DASH.
    path = folder_of(video, mint(video)) + "manifest.mpd"
    video.renditions.filter(kind="video").update(is_stopgap=True)
    assert client.get(path).json()["code"] == "media_not_found"
    video.renditions.filter(name="v144").update(is_stopgap=False)
    cache.forget()
    assert '<Representation id="v144"' in client.get(path).content.decode()
    assert "v240" not in client.get(path).content.decode()


def test_a_media_playlist_names_every_segment(client, video, mint):
    answer = client.get(folder_of(video, mint(video)) + "v240/index.m3u8")
    assert answer["Content-Type"] == HLS
    assert [line for line in answer.content.decode().splitlines() if line.endswith(".m4s")] == [
        "00000.m4s",
        "00001.m4s",
        "00002.m4s",
        "00003.m4s",
    ]


def test_a_growing_video_has_what_is_there(client, mint, db):
    video = store_video(segments=2, is_complete=False)
    text = client.get(folder_of(video, mint(video)) + "v144/index.m3u8").content.decode()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
    assert "00001.m4s" in text
    assert "00002.m4s" not in text
    assert "#EXT-X-ENDLIST" not in text


def test_no_token_stands_in_a_playlist(client, video, mint):
    token = mint(video)
    for file in ("master.m3u8", "v240/index.m3u8"):
        assert token not in client.get(folder_of(video, token) + file).content.decode()


def test_a_height_limit_hides_and_closes_larger_rungs(client, video, mint):
    folder = folder_of(video, mint(video, max_height=144))
    master = client.get(folder + "master.m3u8").content.decode()
    assert "v240" not in master
    assert "v144/index.m3u8" in master
    assert client.get(folder + "v240/index.m3u8").status_code == 403
    assert client.get(folder + "v144/index.m3u8").status_code == 200
    nothing = folder_of(video, mint(video, max_height=10))
    # Sound is left, and is no rung.
    assert "a0/index.m3u8" in client.get(nothing + "master.m3u8").content.decode()


def test_nothing_under_a_height_limit_is_no_master(client, video, mint):
    video.renditions.filter(kind="audio").delete()
    answer = client.get(folder_of(video, mint(video, max_height=10)) + "master.m3u8")
    assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")


def test_unchanged_playlists_are_not_sent_again(client, video, mint):
    path = folder_of(video, mint(video)) + "master.m3u8"
    first = client.get(path)
    same = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    assert same["Access-Control-Allow-Origin"] == "*"
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_and_preflight(client, video, mint):
    path = folder_of(video, mint(video)) + "master.m3u8"
    head = client.head(path)
    assert (head.status_code, head.content, head["Content-Length"]) == (
        200,
        b"",
        client.get(path)["Content-Length"],
    )
    preflight = client.options(path.replace("/play/", "/play/x", 1), headers={"Origin": "https://a.example"})
    assert (preflight.status_code, preflight["Access-Control-Allow-Origin"]) == (204, "*")
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("file", ["master.m3u8", "v240/index.m3u8", "manifest.mpd"])
def test_refusals(client, video, mint, file):
    def answer(token, revision=None):
        found = client.get(folder_of(video, token, revision) + file)
        assert found["Content-Type"] == "application/problem+json"
        assert found["Cache-Control"] == "no-store"
        return found.status_code, found.json()["code"]

    good = mint(video)
    assert answer("x" * 54) == answer(forged(good)) == (401, "token_invalid")
    assert answer(good, "S" * 16) == (404, "media_not_found")
    assert answer(mint(video, scope=Scope.IMAGES)) == (403, "playback_forbidden")
    video.restriction = "blocked"
    video.save()
    admission.forget()
    assert answer(good) == (403, "video_restricted")
    video.restriction, video.playable = "none", False
    video.save()
    admission.forget()
    assert answer(good) == (404, "video_not_ready")
    gone = folder_of(video, good) + file
    video.delete()
    admission.forget()
    assert client.get(gone).json()["code"] == "video_not_ready"


def test_unknown_renditions_and_files_are_not_found(client, video, mint):
    folder = folder_of(video, mint(video))
    assert client.get(folder + "v999/index.m3u8").json()["code"] == "media_not_found"
    for file in (
        "",
        "index.m3u8",
        "master.m3u8/",
        "master.m3u8.txt",
        "v240/master.m3u8",
        "x/../master.m3u8",
        "manifest.css",
    ):
        assert client.get(folder + file).status_code == 404


def test_listed_sites(client, video, mint, settings):
    playback = settings.GILFOYLE.playback.model_copy(update={"allowed_origins": ("https://a.example",)})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"playback": playback})
    path = folder_of(video, mint(video)) + "master.m3u8"
    listed = client.get(path, headers={"Origin": "https://a.example"})
    assert listed["Access-Control-Allow-Origin"] == "https://a.example"
    unlisted = client.get(path, headers={"Origin": "https://b.example"})
    assert "Access-Control-Allow-Origin" not in unlisted
    assert "Origin" in unlisted["Vary"]


def test_a_token_for_a_site_is_checked(client, video, mint):
    path = folder_of(video, mint(video, origins=("https://a.example",))) + "master.m3u8"
    assert client.get(path, headers={"Origin": "https://a.example"}).status_code == 200
    assert client.get(path, headers={"Origin": "https://b.example"}).status_code == 403


BOARD = Storyboard(tile_width=160, tile_height=90, columns=2, rows=1, times_s=(0.0, 4.0), duration_s=8.0)


def test_the_storyboard_tells_which_tile_belongs_to_which_time(client, video, mint):
    folder = folder_of(video, mint(video))
    assert client.get(folder + "storyboard.vtt").json()["code"] == "media_not_found"
    store_image(video, "storyboard", "storyboard-000.jpg", b"sheet", storyboard=BOARD.to_json())
    answer = client.get(folder + "storyboard.vtt")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/vtt; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    assert "00:00:04.000 --> 00:00:08.000\nstoryboard-000.jpg#xywh=160,0,160,90\n" in answer.text
    again = client.get(folder + "storyboard.vtt", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_the_storyboard_is_for_tokens_that_show_pictures(client, video, mint):
    store_image(video, "storyboard", "storyboard-000.jpg", b"sheet", storyboard=BOARD.to_json())
    refused = client.get(folder_of(video, mint(video, scope=Scope.PLAY)) + "storyboard.vtt")
    assert (refused.status_code, refused.json()["code"]) == (403, "playback_forbidden")
    assert client.get(folder_of(video, mint(video, scope=Scope.IMAGES)) + "storyboard.vtt").status_code == 200


def test_text_tracks_come_and_go_in_a_whole_video(client, video, mint):
    folder = folder_of(video, mint(video))

    def master() -> str:
        text_tracks.forget()  # a second later
        return str(client.get(folder + "master.m3u8").content.decode())

    assert "SUBTITLES" not in master()
    track = store_track(video, (1, 2, "Hello"))
    address = f"text/{track.pk}/index.m3u8"
    assert f'URI="{address}"' in master()
    playlist = client.get(folder + address).content.decode()
    assert [line for line in playlist.splitlines() if line.endswith(".vtt")] == ["00000.vtt", "00001.vtt"]
    assert "#EXT-X-ENDLIST" in playlist
    remove_track(track=track)
    assert "SUBTITLES" not in master()
    assert client.get(folder + address).json()["code"] == "media_not_found"


def test_text_grows_with_its_video(client, mint, db):
    video = store_video(segments=2, is_complete=False)
    track = store_track(video, (1, 2, "Hello"))
    text = client.get(folder_of(video, mint(video)) + f"text/{track.pk}/index.m3u8").content.decode()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
    assert "00000.vtt" in text
    assert "00001.vtt" not in text
    assert "#EXT-X-ENDLIST" not in text


def test_text_has_ended_while_a_further_codec_still_grows(client, video, mint):
    track = store_track(video, (0, 1, "One"))
    store_rendition(video, "v144av1", segments=1, is_complete=False)
    Rendition.objects.filter(name="v144av1").update(codec="av01.0.00M.08")
    text = client.get(folder_of(video, mint(video)) + f"text/{track.pk}/index.m3u8").content.decode()
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in text
    assert "00001.vtt\n#EXT-X-ENDLIST" in text


def test_all_playlists_say_that_something_grows_until_nothing_does(client, mint, db):
    video = store_video(segments=2)
    track = store_track(video, (0, 1, "One"))
    names = [f"{name}/index.m3u8" for name in ("v240", "v144", "a0", f"text/{track.pk}")]
    Rendition.objects.filter(name="v144").update(is_complete=False)
    for is_complete, kind in ((False, "EVENT"), (True, "VOD")):
        Rendition.objects.filter(name="v144").update(is_complete=is_complete)
        cache.forget()
        texts = [client.get(folder_of(video, mint(video)) + name).content.decode() for name in names]
        assert all(f"#EXT-X-PLAYLIST-TYPE:{kind}\n" in text for text in texts)
        assert ["#EXT-X-ENDLIST" in text for text in texts] == [True, is_complete, True, True]


def test_a_token_without_captions_sees_no_text(client, video, mint):
    track = store_track(video, (1, 2, "Hello"))
    whole, less = (mint(video, **wish) for wish in ({}, {"scope": Scope.PLAY | Scope.IMAGES}))
    assert "SUBTITLES" in client.get(folder_of(video, whole) + "master.m3u8").content.decode()
    assert "SUBTITLES" not in client.get(folder_of(video, less) + "master.m3u8").content.decode()
    answer = client.get(folder_of(video, less) + f"text/{track.pk}/index.m3u8")
    assert (answer.status_code, answer.json()["code"]) == (403, "playback_forbidden")


def test_text_without_anything_to_play_is_not_found(client, video, mint):
    track = store_track(video, (1, 2, "Hello"))
    folder = folder_of(video, mint(video, max_height=10))
    video.renditions.filter(kind="audio").delete()
    assert client.get(folder + f"text/{track.pk}/index.m3u8").json()["code"] == "media_not_found"


CDN = {"cdn_url": "https://cdn.example.com", "cdn_secret": SecretStr("x" * 32)}


@pytest.mark.parametrize("delivery", ["direct", "redirect", "presigned"])
def test_presigned_playlists_name_what_the_cdn_answers(client, video, mint, settings, delivery):
    config = settings.GILFOYLE
    playback = config.playback.model_copy(update={"delivery": delivery, **CDN})
    settings.GILFOYLE = config.model_copy(update={"playback": playback})
    token = mint(video, ttl_s=7200)
    playlist = client.get(folder_of(video, token) + "v240/index.m3u8").content.decode()
    segments = [line for line in playlist.splitlines() if line.endswith(".m4s")]
    assert 'URI="init.mp4"' in playlist
    if delivery != "presigned":
        assert segments[1] == "00001.m4s"
        return
    assert token.split(".")[1] not in playlist
    head, _, file = segments[1].rpartition("/")
    until, _signature, folder = head.removeprefix("https://cdn.example.com/").split("/", 2)
    assert (folder, file) == (
        rendition_folder(video.project_id, video.pk, video.revision, "v240"),
        "00001.m4s",
    )
    expires_at_s = parse_token(token).claims.expires_at_s
    assert expires_at_s <= int(until) <= expires_at_s + 300
    sooner = client.get(folder_of(video, mint(video, ttl_s=60)) + "v240/index.m3u8").content.decode()
    assert until not in sooner


def test_a_growing_playlist_is_not_presigned(client, mint, settings, db):
    config = settings.GILFOYLE
    playback = config.playback.model_copy(update={"delivery": "presigned", **CDN})
    settings.GILFOYLE = config.model_copy(update={"playback": playback})
    video = store_video(segments=2, is_complete=False)
    assert b"\n00001.m4s\n" in client.get(folder_of(video, mint(video)) + "v240/index.m3u8").content


@pytest.mark.parametrize(("delivery", "plays"), [("redirect", []), ("presigned", [(1, 0)])])
def test_plays_of_presigned_playlists_are_counted(client, video, mint, settings, counter, delivery, plays):
    config = settings.GILFOYLE
    playback = config.playback.model_copy(update={"delivery": delivery, **CDN})
    settings.GILFOYLE = config.model_copy(update={"playback": playback})
    folder = folder_of(video, mint(video))
    client.head(folder + "v240/index.m3u8")
    counter.flush()
    assert list(DailyPlays.objects.values_list("plays", "watched_s")) == []
    for name in ("master.m3u8", "v240/index.m3u8", "a0/index.m3u8", "v144/index.m3u8", "v144/index.m3u8"):
        client.get(folder + name)
    counter.flush()
    assert list(DailyPlays.objects.values_list("plays", "watched_s")) == plays


def test_each_range_of_a_key_frame_playlist_is_one_picture(client, mint, db, tmp_path):
    video = store_video()
    folder = folder_of(video, mint(video))
    app = WholeApplication()
    master = client.get(folder + "master.m3u8").content.decode()
    named = re.findall(r'#EXT-X-I-FRAME-STREAM-INF:.*URI="([^"]+)"', master)
    assert named == ["v240/iframes.m3u8", "v144/iframes.m3u8"]
    for name in named:
        answer = client.get(folder + name)
        assert (answer.status_code, answer["Content-Type"]) == (200, HLS)
        ranges = re.findall(r"#EXT-X-BYTERANGE:(\d+)@0\n(\S+\.m4s)", answer.content.decode())
        assert [file for _, file in ranges] == [f"{number:05d}.m4s" for number in range(SEGMENTS)]
        beside = folder + name.partition("/")[0]
        init = app.call(f"{beside}/init.mp4").body
        for size, file in ranges:
            asked = app.call(f"{beside}/{file}", HTTP_RANGE=f"bytes=0-{int(size) - 1}")
            assert (asked.status, len(asked.body)) == (206, int(size))
            alone = tmp_path / "alone.mp4"
            alone.write_bytes(init + asked.body)
            pictures = run_tool("-i", alone, "-f", "rawvideo", "-pix_fmt", "gray", "-")
            width, height = (426, 240) if "240" in name else (256, 144)
            assert len(pictures) == width * height


def test_key_frames_are_named_where_they_can_be_read_and_behind_the_gate(client, mint, db):
    video, sealed = store_video(), store_video(is_encrypted=True)
    folder = folder_of(video, mint(video))
    low = folder_of(video, mint(video, max_height=144))
    master = client.get(low + "master.m3u8").content.decode()
    assert 'URI="v144/iframes.m3u8"' in master
    assert "v240" not in master
    assert client.get(low + "v240/iframes.m3u8").status_code == 403
    forged_folder = folder_of(video, forged(mint(video)))
    assert client.get(forged_folder + "v144/iframes.m3u8").status_code == 401
    for path in (folder + "a0/iframes.m3u8", folder + "v999/iframes.m3u8"):
        assert client.get(path).json()["code"] == "media_not_found"
    # A range of an encrypted segment could not be decrypted; and a picture too few is a picture too few.
    closed = folder_of(sealed, mint(sealed))
    assert "I-FRAME" not in client.get(closed + "master.m3u8").content.decode()
    assert client.get(closed + "v144/iframes.m3u8").status_code == 404
    video.renditions.get(name="v240").runs.update(key_frame_sizes=[])
    cache.forget()
    master = client.get(folder + "master.m3u8").content.decode()
    assert "v144/iframes.m3u8" in master
    assert "v240/iframes.m3u8" not in master
    assert client.get(folder + "v240/iframes.m3u8").status_code == 404


def test_chapters_are_told_to_those_who_may_read_text(client, video, mint):
    def master(**wish: object) -> str:
        return str(client.get(folder_of(video, mint(video, **wish)) + "master.m3u8").content.decode())

    path = folder_of(video, mint(video)) + "chapters.json"
    assert client.get(path).json()["code"] == "media_not_found"
    assert "chapters" not in master()
    give_chapters(video=video, chapters=[Chapter(0, "Opening"), Chapter(2500, "Über uns")])
    chapters.forget()
    assert 'SESSION-DATA:DATA-ID="com.apple.hls.chapters",URI="chapters.json"' in master()
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer["Cache-Control"] == "private, no-cache"
    assert [(one["start-time"], one["titles"][0]["title"]) for one in answer.json()] == [
        (0, "Opening"),
        (2.5, "Über uns"),
    ]
    assert client.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    # Nobody else learns of them: by scope, by signature, or from a part of the video.
    for wish in ({"scope": Scope.PLAY}, {"clip": Clip(0, 2000)}):
        assert "chapters" not in master(**wish)
        assert client.get(folder_of(video, mint(video, **wish)) + "chapters.json").status_code == 403
    assert client.get(folder_of(video, forged(mint(video))) + "chapters.json").status_code == 401
    give_chapters(video=video, chapters=[])
    chapters.forget()
    assert "chapters" not in master()
    assert client.get(path).status_code == 404
