"""Remote sources are encoded as local ones are, and only what is needed is read of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from processing.encoding.encode_audio import encode_audio
from processing.encoding.encode_chunk import encode_chunk
from processing.images.thumbnails import make_poster
from processing.ladder.chunks import PRIORITY_BODY
from processing.ladder.planner import plan_encode
from processing.media import EncodedRendition
from processing.probing.probe import probe_source
from processing.source import (
    RemoteSource,
    Source,
    source_options,
    source_size_bytes,
    source_url,
)
from tests.clips import make_clip, remux_clip
from tests.lengths import mostly_whole
from tests.processing.remote import Counted, require_namespaces
from tests.processing.sources import SOUNDS, VIDEOS
from tests.processing.whole_encode import ENCODING, SMALL_CHUNKS, UPLOAD

# 6 Mbit/s of pictures, half a minute: so much that a chunk's share is more than what is read ahead.
HEAVY = (
    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30", "-x264-params", "nal-hrd=cbr",
    "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "1M",
)  # fmt: skip
READ_AHEAD_BYTES = 5 * 1024**2
SECONDS = 32
EIGHT_SECONDS = ENCODING.model_copy(
    update={"opening_s": 8.0, "chunk_s": 8.0, "segment_s": 4.0, "ladder": ENCODING.ladder[1:]}
)


def test_a_file_is_opened_by_its_path_and_nothing_else() -> None:
    path = Path("http:/evil")
    assert source_url(path) == "file:http:/evil"
    assert source_options(path) == {"protocol_whitelist": "file"}


def test_a_remote_source_is_opened_over_http_and_nothing_else(tmp_path: Path) -> None:
    remote = RemoteSource(7, lambda _first, length: bytes(length))
    assert source_url(remote) == "http://127.0.0.1:8080/source"
    assert source_options(remote)["protocol_whitelist"] == "http,tcp"
    (tmp_path / "seven").write_bytes(bytes(7))
    assert source_size_bytes(remote) == source_size_bytes(tmp_path / "seven") == 7


def heavy(folder: Path, kind: str) -> Path:
    clip = make_clip(folder / "heavy.mp4", duration_s=SECONDS, video_args=HEAVY)
    match kind:
        case "mp4, moov at the end":
            return clip
        case "mp4, moov first":
            return remux_clip(folder / "first.mp4", clip, args=("-movflags", "+faststart"))
        case "Matroska":
            return remux_clip(folder / "heavy.mkv", clip)
    return remux_clip(folder / "heavy.ts", clip)


def stored(renditions: tuple[EncodedRendition, ...]) -> list[bytes]:
    return [
        part
        for rendition in renditions
        for part in (rendition.init, *(segment.path.read_bytes() for segment in rendition.segments))
    ]


@pytest.mark.parametrize(
    "kind",
    mostly_whole(
        ["mp4, moov at the end", "mp4, moov first", "Matroska", "MPEG-TS"], "mp4, moov first", "MPEG-TS"
    ),
)
def test_a_chunk_reads_about_its_share_and_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    require_namespaces()
    path = heavy(tmp_path, kind)
    info = probe_source(path, upload=UPLOAD, encoding=EIGHT_SECONDS)
    assert probe_source(Counted(path).source, upload=UPLOAD, encoding=EIGHT_SECONDS) == info
    plan = plan_encode(info, encoding=EIGHT_SECONDS)
    chunks = [chunk for chunk in plan.chunks if chunk.priority == PRIORITY_BODY]
    assert len(chunks) == SECONDS // 8 - 1, "all but the opening"
    share_bytes = info.size_bytes // (SECONDS // 8)
    # A transport stream says what is in it nowhere but in its first seconds, and is read from a second before the chunk.
    sought_bytes = 7 * 1024**2 + share_bytes // 8 if kind == "MPEG-TS" else 0
    for chunk in chunks[:2]:
        counted = Counted(path)
        results = []
        sources: dict[str, Source] = {"local": path, "remote": counted.source}
        for name, source in sources.items():
            work_dir = tmp_path / f"{chunk.index}-{name}"
            work_dir.mkdir()
            results.append(
                stored(encode_chunk(source, plan, chunk, work_dir=work_dir, encoding=EIGHT_SECONDS))
            )
        assert results[0] == results[1]
        # Opened twice: what was encoded is then compared with its source.
        assert counted.read_bytes < share_bytes + 2 * (sought_bytes + READ_AHEAD_BYTES)


# One of each way of reading.
FURTHER_KINDS = (
    "fragmented", "MPEG-2 program stream", "edit list", "23.976 in Matroska", "59.94 in MPEG-TS", "MPEG-4 in AVI", "FLV",
)  # fmt: skip
KINDS = [
    "landscape",
    "live WebM",
    *mostly_whole(FURTHER_KINDS),
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_is_probed_and_encoded_the_same(kind: str, tmp_path: Path) -> None:
    path = VIDEOS[kind][0](tmp_path)
    require_same(path, tmp_path)


@pytest.mark.parametrize("kind", SOUNDS)
def test_every_kind_of_sound_is_probed_and_encoded_the_same(kind: str, tmp_path: Path) -> None:
    require_same(SOUNDS[kind](tmp_path), tmp_path)


def require_same(path: Path, folder: Path) -> None:
    require_namespaces()
    results = []
    sources: tuple[Source, ...] = (path, Counted(path).source)
    for number, source in enumerate(sources):
        info = probe_source(source, upload=UPLOAD, encoding=SMALL_CHUNKS)
        plan = plan_encode(info, encoding=SMALL_CHUNKS)
        made = []
        for chunk in plan.chunks:
            work_dir = folder / f"{number}-{chunk.index}"
            work_dir.mkdir()
            made += stored(encode_chunk(source, plan, chunk, work_dir=work_dir, encoding=SMALL_CHUNKS))
        for audio in plan.audio:
            work_dir = folder / f"{number}-{audio.name}"
            work_dir.mkdir()
            made += stored((encode_audio(source, plan, audio, work_dir=work_dir, encoding=SMALL_CHUNKS),))
        if plan.video:
            pictures = make_poster(
                source, plan, work_dir=folder / f"{number}-0", max_px=100, encoding=ENCODING
            )
            made += pictures.values()
        results.append((info, made))
    assert results[0] == results[1]
    assert results[0][1]


def test_the_probe_reads_little_of_an_mp4_and_finds_the_same(tmp_path: Path) -> None:
    require_namespaces()
    for kind in ("mp4, moov at the end", "mp4, moov first"):
        path = heavy(tmp_path, kind)
        counted = Counted(path)
        info = probe_source(counted.source, upload=UPLOAD, encoding=ENCODING)
        assert info == probe_source(path, upload=UPLOAD, encoding=ENCODING)
        assert counted.read_bytes < info.size_bytes // 3
