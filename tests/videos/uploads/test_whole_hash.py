from __future__ import annotations

import base64
import hashlib

import pytest

from videos.errors import SourceDiffers
from videos.uploads.errors import TusHeaderInvalid
from videos.uploads.whole_hash import read_digest_header, read_metadata_hash, require_whole_hash

DIGEST = hashlib.sha256(b"abc")
ENCODED = base64.b64encode(DIGEST.digest()).decode()


def test_the_header_is_read() -> None:
    for text in (
        f"sha-256=:{ENCODED}:",
        f"sha-512=:AAAA:, sha-256=:{ENCODED}:",
        f"sha-256=:{ENCODED}:,unixsum=:AAAA:",
    ):
        assert read_digest_header(text) == DIGEST.hexdigest()
    for other in (None, "", "sha-512=:AAAA:", f"xsha-256=:{ENCODED}:"):
        assert read_digest_header(other) is None


@pytest.mark.parametrize("text", ["sha-256=:AAAA:", "sha-256=:A:", f"sha-256=:{ENCODED[:-2]}=:"])
def test_a_hash_of_another_length_is_refused(text: str) -> None:
    with pytest.raises(TusHeaderInvalid):
        read_digest_header(text)


def test_metadata_is_read() -> None:
    assert read_metadata_hash({}) is None
    assert read_metadata_hash({"sha256": DIGEST.hexdigest().upper().encode()}) == DIGEST.hexdigest()
    for wrong in (b"", b"abc", DIGEST.digest(), b"x" * 64):
        with pytest.raises(TusHeaderInvalid):
            read_metadata_hash({"sha256": wrong})


def test_another_file_is_refused() -> None:
    require_whole_hash(DIGEST.hexdigest(), None)
    require_whole_hash(DIGEST.hexdigest(), DIGEST.hexdigest())
    with pytest.raises(SourceDiffers):
        require_whole_hash(DIGEST.hexdigest(), "0" * 64)
