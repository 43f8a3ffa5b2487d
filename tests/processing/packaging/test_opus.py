from __future__ import annotations

import struct

import pytest

from processing.packaging.boxes import MalformedBox, find_box
from processing.packaging.fragments import read_init
from processing.packaging.opus import CONFIG_PATH, without_pre_skip
from tests.clips import make_clip, run_tool


def test_nothing_is_skipped_any_more(tmp_path) -> None:
    clip = make_clip(tmp_path / "a.ogg", video=False, duration_s=1)
    path = tmp_path / "a.mp4"
    run_tool("-i", clip, "-c", "copy", "-movflags", "empty_moov+default_base_moof", path)
    data = path.read_bytes()
    before, after = read_init(data), read_init(without_pre_skip(data))
    assert (before.sample_entry, before.width) == ("Opus", 0)
    assert struct.unpack_from(">H", before.decoder_config, 2)[0] > 0
    assert after.decoder_config == before.decoder_config[:2] + b"\0\0" + before.decoder_config[4:]
    assert len(without_pre_skip(data)) == len(data)


def box(kind: str, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind.encode()) + body


def nested(config: bytes) -> bytes:
    data = box("Opus", bytes(28) + box("dOps", config))
    data = box("stsd", bytes(8) + data)
    for kind in reversed(CONFIG_PATH[:-3]):
        data = box(kind, data)
    return data


def test_a_short_configuration_is_refused() -> None:
    assert (
        find_box(without_pre_skip(nested(b"\0\2\1\x38")), CONFIG_PATH).body(
            without_pre_skip(nested(b"\0\2\1\x38"))
        )
        == b"\0\2\0\0"
    )
    for config in (b"", b"\0\2\1"):
        with pytest.raises(MalformedBox):
            without_pre_skip(nested(config))
    with pytest.raises(MalformedBox):
        without_pre_skip(box("moov", b""))
