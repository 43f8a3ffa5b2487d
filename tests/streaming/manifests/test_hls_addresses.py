from __future__ import annotations

from streaming.manifests.hls_addresses import place_segments

HEAD = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXT-X-KEY:METHOD=AES-128,URI="key"\n'
SEGMENTS = "#EXTINF:4.000000,\n00000.m4s\n#EXTINF:4.000000,\n123456.m4s\n"


def elsewhere(file: str) -> str:
    return f"https://cdn.example.com/{file}?signed"


def test_segments_of_a_whole_video_are_elsewhere_and_nothing_else_is():
    assert place_segments(f"{HEAD}{SEGMENTS}#EXT-X-ENDLIST\n", elsewhere) == (
        HEAD + "#EXTINF:4.000000,\nhttps://cdn.example.com/00000.m4s?signed\n"
        "#EXTINF:4.000000,\nhttps://cdn.example.com/123456.m4s?signed\n#EXT-X-ENDLIST\n"
    )


def test_a_growing_playlist_stays_as_it_is():
    assert place_segments(HEAD + SEGMENTS, elsewhere) == HEAD + SEGMENTS
