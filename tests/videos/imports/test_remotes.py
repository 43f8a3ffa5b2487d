from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from gilfoyle.lib.config import Config
from gilfoyle.lib.public_addresses import AddressInvalid, AddressRefused
from tests.file_server import Offer, file_server
from videos.imports.buckets import BucketFile
from videos.imports.errors import BucketUnknown, ImportsDisabled
from videos.imports.parts import Version
from videos.imports.remotes import WebFile, find_remote


def find(url: str, **imports: Any) -> Any:
    return find_remote(url, config=Config.model_validate({"imports": imports}), project_name="Shop")


def test_an_address_of_the_web_or_of_a_bucket_is_told_by_its_beginning() -> None:
    assert isinstance(find("https://files.example/clip.mp4"), WebFile)
    assert isinstance(find("s3://footage/clip.mp4", buckets=[{"bucket": "footage"}]), BucketFile)
    assert isinstance(find("S3://footage/clip.mp4", buckets=[{"bucket": "footage"}]).key, str)


def test_what_can_not_be_fetched_is_refused_before_anything_is_connected_to() -> None:
    with pytest.raises(ImportsDisabled):
        find("https://files.example/clip.mp4", enabled=False)
    with pytest.raises(AddressInvalid):
        find("file:///etc/passwd")
    with pytest.raises(BucketUnknown):
        find("s3://footage/clip.mp4")


def test_the_rest_of_a_file_is_asked_for_if_it_still_is_that_file() -> None:
    with file_server(**{"clip.mp4": Offer(b"0123456789")}) as server, ExitStack() as stack:
        remote = find(server.url(), ports=[server.port], private_networks=["127.0.0.1/32"])
        body = remote.open(4, Version(10, '"v1"'), stack=stack)
        assert (body.part.first, b"".join(body.pieces)) == (4, b"456789")
        assert server.asked[0][1]["if-range"] == '"v1"'


def test_by_default_this_machine_is_out_of_reach() -> None:
    with file_server(**{"clip.mp4": Offer(b"x")}) as server, ExitStack() as stack:
        with pytest.raises(AddressRefused):  # a number is refused at once, a name when it is looked up
            find(server.url(), ports=[server.port])
        with pytest.raises(AddressRefused):
            find(server.url(host="localhost"), ports=[server.port]).open(0, None, stack=stack)
        assert server.hits == 0
