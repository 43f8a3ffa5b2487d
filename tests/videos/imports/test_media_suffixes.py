from __future__ import annotations

from videos.imports.media_suffixes import MEDIA_SUFFIXES


def test_texts_and_what_is_said_of_videos_are_none() -> None:
    assert {".mp4", ".mkv", ".mp3"} <= MEDIA_SUFFIXES
    assert not {".vtt", ".srt", ".ass", ".json", ".nfo", ".jpg"} & MEDIA_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in MEDIA_SUFFIXES)
