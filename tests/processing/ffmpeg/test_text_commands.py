"""The command lines that read subtitles, as people read them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from processing.ffmpeg.text_commands import picture_captions_argv, text_argv
from processing.media import TextPlan
from processing.source import RemoteSource
from tests.processing.ffmpeg.test_commands import ENCODING, PLAIN, SOURCE, WORK, text
from tests.processing.golden import require_golden

TEXT = TextPlan(2, "mov_text", Fraction(0), language="en", kind="subtitles", is_forced=False)
TARGETS = [WORK / "text-0.vtt", WORK / "text-1.vtt"]


def test_all_texts_are_read_at_once() -> None:
    texts = [TEXT, replace(TEXT, stream_index=5, codec="webvtt")]
    argv = text_argv("ffmpeg", SOURCE, PLAIN, texts, targets=TARGETS, encoding=ENCODING)
    require_golden("text.argv", text(argv))


def test_captions_in_the_picture() -> None:
    captions = replace(TEXT, stream_index=0, codec="eia_608")
    argv = picture_captions_argv("ffmpeg", SOURCE, PLAIN, captions, target=TARGETS[0])
    require_golden("captions.argv", text(argv))


def test_captions_in_the_picture_of_a_remote_source() -> None:
    source = RemoteSource(1, lambda _first, _length: b"")
    argv = picture_captions_argv("ffmpeg", source, PLAIN, TEXT, target=TARGETS[0])
    graph = argv[argv.index("-i") + 1]
    assert "filename=http\\\\://127.0.0.1" in graph
    assert "protocol_whitelist=http\\,tcp" in graph
