from __future__ import annotations

import pytest

from processing.ladder.codec_strings import AAC_LC, avc_codec_string


def test_it_names_profile_constraints_and_level() -> None:
    assert avc_codec_string(bytes.fromhex("0164001fffe1")) == "avc1.64001f"
    assert AAC_LC == "mp4a.40.2"


@pytest.mark.parametrize("wrong", [b"", b"\1\x64\0", b"\0\x64\0\x1f\xff"])
def test_it_refuses_what_is_no_avcc(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="avcC"):
        avc_codec_string(wrong)
