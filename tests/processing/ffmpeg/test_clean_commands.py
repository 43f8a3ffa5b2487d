from __future__ import annotations

from processing.ffmpeg.clean_commands import CopiedStream, clean_argv
from tests.processing.ffmpeg.test_commands import ENCODING, SOURCE, WORK, text
from tests.processing.golden import require_golden


def argv(*streams: CopiedStream) -> list[str]:
    return clean_argv(
        "ffmpeg",
        SOURCE,
        streams,
        container="mp4",
        muxer="mp4",
        options={"movflags": "+faststart"},
        target=WORK / "cleaned.mp4",
        encoding=ENCODING,
    )


def test_a_copy_that_tells_nothing() -> None:
    streams = (
        CopiedStream(0, ("default",), {}),
        CopiedStream(3, ("default", "forced"), {"language": "pt-BR", "alpha_mode": "1"}),
        CopiedStream(1, (), {"language": "und"}),
    )
    require_golden("clean.argv", text(argv(*streams)))


def test_no_other_tag_gets_through() -> None:
    tags = {"language": "Somebody's name", "title": "Planted", "stereo_mode": "mono=1", "alpha_mode": "12"}
    assert "-metadata:s:0" not in argv(CopiedStream(0, (), tags))
