"""What the rows are called where they are seen at all."""

from __future__ import annotations

from videos.ipfs.models import IpfsObject, IpfsPin


def test_a_row_is_called_by_what_it_names() -> None:
    assert str(IpfsObject(name="a/one")) == "a/one"
    assert str(IpfsPin(cid="bafy")) == "bafy"
    assert not IpfsPin(cid="bafy").is_leaving
