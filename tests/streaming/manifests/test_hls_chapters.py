import json

import m3u8

from streaming.manifests.hls import render_master
from streaming.manifests.hls_chapters import render_chapters, with_chapters
from tests.streaming.manifests.presentations import AUDIO_ONLY, LADDER
from videos.chapters.chapter import Chapter


def test_a_multivariant_playlist_says_where_chapters_are_told() -> None:
    for shown in (LADDER, AUDIO_ONLY):
        master = render_master(shown)
        told = with_chapters(master)
        (data,) = m3u8.M3U8(told, strict=True).session_data
        assert (data.data_id, data.uri) == ("com.apple.hls.chapters", "chapters.json")
        assert [line for line in told.splitlines() if "SESSION-DATA" not in line] == master.splitlines()


def test_chapters_are_told_as_apple_s_players_read_them() -> None:
    told = render_chapters([Chapter(0, 'The "opening"'), Chapter(93_500, "</script>\u2028")])
    assert json.loads(told) == [
        {"chapter": 1, "start-time": 0.0, "titles": [{"language": "und", "title": 'The "opening"'}]},
        {"chapter": 2, "start-time": 93.5, "titles": [{"language": "und", "title": "</script>\u2028"}]},
    ]
