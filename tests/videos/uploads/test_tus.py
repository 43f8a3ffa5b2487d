from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from gilfoyle.lib.errors import Refusal
from videos.errors import SourceTooLarge
from videos.uploads import tus
from videos.uploads.errors import (
    BodyTypeUnsupported,
    ChecksumUnsupported,
    FinalUploadClosed,
    TusHeaderInvalid,
    TusVersionUnsupported,
    UploadLengthFixed,
    UploadOffsetMismatch,
)

EXPIRES = datetime(2026, 6, 25, 16, 0, 0, tzinfo=UTC)
BODY = {"Content-Type": tus.BODY_TYPE}
LARGEST = 1000


def standing(**changes: Any) -> tus.Standing:
    return tus.Standing(
        **{
            "kind": "resumable",
            "length_bytes": 100,
            "offset_bytes": 70,
            "expires_at": EXPIRES,
            **changes,
        }
    )


def decide(at: tus.Standing, append: tus.Append, body_bytes: int | None = 0) -> tus.Window:
    return tus.decide_append(at, append, body_bytes=body_bytes, largest_bytes=LARGEST)


@pytest.mark.parametrize("text", ["0.2.2", "1.0", "1.0.1", "", "1.0.0,0.2.2"])
def test_another_version_is_refused(text: str) -> None:
    with pytest.raises(TusVersionUnsupported):
        tus.require_version({"Tus-Resumable": text})
    with pytest.raises(TusVersionUnsupported):
        tus.require_version({})
    tus.require_version({"Tus-Resumable": "1.0.0"})


def test_the_overriding_method_is_meant() -> None:
    assert tus.effective_method("POST", {"X-HTTP-Method-Override": "patch"}) == "PATCH"
    assert tus.effective_method("GET", {"X-HTTP-Method-Override": "DELETE"}) == "DELETE"
    assert tus.effective_method("POST", {}) == "POST"
    with pytest.raises(TusHeaderInvalid):
        tus.effective_method("POST", {"X-HTTP-Method-Override": "TRACE"})


@pytest.mark.parametrize("text", ["-1", "1.5", "0x10", "", " ", "1 2", "\xb2", "1e3", "NaN", "+5"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TusHeaderInvalid):
        tus.read_number({"Upload-Length": text}, "Upload-Length")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), (" 5 ", 5), ("9" * 18, 10**18 - 1)])
def test_numbers_are_read(text: str, number: int) -> None:
    assert tus.read_number({"Upload-Length": text}, "Upload-Length") == number


def test_a_number_of_any_length_costs_nothing() -> None:
    assert tus.read_number({"Upload-Length": "9" * 100_000}, "Upload-Length") == 10**18
    assert tus.read_number({"Upload-Length": "0" * 100_000 + "5"}, "Upload-Length") == 5


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Defer-Length": "0"},
        {"Upload-Defer-Length": "true"},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
        {"Upload-Concat": "final;/a", "Upload-Length": "5"},
        {"Upload-Concat": "final;/a", "Upload-Defer-Length": "1"},
        {"Upload-Concat": "final"},
        {"Upload-Concat": "final;"},
        {"Upload-Concat": "whole", "Upload-Length": "5"},
        {"Upload-Concat": "final;" + " /a" * (tus.MAX_PARTS + 1)},
        {"Upload-Length": "5", "Upload-Metadata": "a YQ==,a YQ=="},
        {"Upload-Length": "5", "Upload-Metadata": ","},
        {"Upload-Length": "5", "Upload-Metadata": "a !"},
        {"Upload-Length": "5", "Upload-Metadata": "a YQ== YQ=="},
        {"Upload-Length": "5", "Upload-Metadata": "ä YQ=="},
        {"Upload-Length": "5", "Upload-Metadata": "a YQ==\x85,b"},
        {"Upload-Concat": "final;/a\x85/b"},
        {"Upload-Length": "5", "Upload-Metadata": "a" * 5000},
    ],
)
def test_a_creation_that_says_nothing_sane_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(TusHeaderInvalid):
        tus.read_creation(headers, has_body=False)


def test_creations_are_read() -> None:
    plain = tus.read_creation(
        {"Upload-Length": "5", "Upload-Metadata": "name YQ==, is_confidential,empty "}, has_body=False
    )
    assert (plain.length_bytes, plain.kind) == (5, "resumable")
    assert plain.metadata == {"name": b"a", "is_confidential": b"", "empty": b""}
    assert tus.read_creation({"Upload-Defer-Length": "1"}, has_body=False).length_bytes is None
    part = tus.read_creation({"Upload-Concat": "partial", "Upload-Length": "5"}, has_body=False)
    assert part.kind == "partial"
    final = tus.read_creation({"Upload-Concat": "final;/files/a https://x.example/files/b"}, has_body=False)
    assert final.kind == "final"
    assert final.concat is not None
    assert [tus.part_id(url) for url in final.concat.urls] == ["a", "b"]


@pytest.mark.parametrize(
    ("url", "part"),
    [("/files/a", "a"), ("a", "a"), ("https://h/x/a/", "a"), ("/a?b=/c", "a"), ("/a#/c", "a"), ("..", "..")],
)
def test_a_part_is_named_by_its_last_segment(url: str, part: str) -> None:
    assert tus.part_id(url) == part


def test_a_body_must_be_called_what_it_is() -> None:
    for headers in ({}, {"Content-Type": "video/mp4"}):
        with pytest.raises(BodyTypeUnsupported):
            tus.read_append({**headers, "Upload-Offset": "0"})
        with pytest.raises(BodyTypeUnsupported):
            tus.read_creation({**headers, "Upload-Length": "5"}, has_body=True)
    with pytest.raises(FinalUploadClosed):
        tus.read_creation({**BODY, "Upload-Concat": "final;/a"}, has_body=True)
    tus.read_append({"Content-Type": "Application/Offset+Octet-Stream; x=y", "Upload-Offset": "0"})


def test_an_append_needs_an_offset() -> None:
    with pytest.raises(TusHeaderInvalid):
        tus.read_append(BODY)


def test_checksums_are_read() -> None:
    digest = hashlib.sha1(b"hello world").digest()  # noqa: S324 - the protocol's own
    text = f"sha1 {base64.b64encode(digest).decode()}"
    append = tus.read_append({**BODY, "Upload-Offset": "0", "Upload-Checksum": text})
    assert append.checksum == tus.Checksum("sha1", digest)
    assert text == "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="
    for wrong in ("crc32 AAAA", "SHA1 AAAA", ""):
        with pytest.raises(ChecksumUnsupported):
            tus.read_checksum(wrong)
    with pytest.raises(TusHeaderInvalid):
        tus.read_checksum("sha1 ???")


def test_a_checksum_may_be_announced_for_later() -> None:
    later = tus.read_append({**BODY, "Upload-Offset": "0", "Trailer": "x, Upload-Checksum"})
    assert (later.checksum, later.checksum_follows) == (None, True)
    assert not tus.read_append({**BODY, "Upload-Offset": "0"}).checksum_follows


def test_bytes_go_where_the_upload_is() -> None:
    assert decide(standing(), tus.Append(70), 30) == tus.Window(70, 30, 100)
    assert decide(standing(), tus.Append(70), None) == tus.Window(70, 30, 100)
    for offset in (0, 69, 71, 100):
        with pytest.raises(UploadOffsetMismatch) as refused:
            decide(standing(), tus.Append(offset), 1)
        assert refused.value.offset_bytes == 70
    with pytest.raises(SourceTooLarge):
        decide(standing(), tus.Append(70), 31)
    with pytest.raises(FinalUploadClosed):
        decide(standing(kind="final"), tus.Append(70), 1)


def test_a_length_is_told_once() -> None:
    deferred = standing(length_bytes=None)
    assert decide(deferred, tus.Append(70), 5) == tus.Window(70, LARGEST - 70, None)
    assert decide(deferred, tus.Append(70, 80), 5) == tus.Window(70, 10, 80)
    assert decide(standing(), tus.Append(70, 100), 5) == tus.Window(70, 30, 100)
    with pytest.raises(UploadLengthFixed):
        decide(standing(), tus.Append(70, 101), 5)
    with pytest.raises(TusHeaderInvalid):
        decide(deferred, tus.Append(70, 69), 0)
    with pytest.raises(SourceTooLarge):
        decide(deferred, tus.Append(70, LARGEST + 1), 0)
    with pytest.raises(SourceTooLarge):
        decide(deferred, tus.Append(70), LARGEST - 69)


def test_what_is_told_of_an_upload() -> None:
    assert tus.describe_upload(standing(metadata_text="a YQ==")) == {
        "Cache-Control": "no-store",
        "Upload-Offset": "70",
        "Upload-Length": "100",
        "Upload-Metadata": "a YQ==",
        "Upload-Expires": "Thu, 25 Jun 2026 16:00:00 GMT",
    }
    deferred = tus.describe_upload(standing(length_bytes=None))
    assert (deferred["Upload-Defer-Length"], "Upload-Length" in deferred) == ("1", False)
    finished = tus.describe_upload(standing(offset_bytes=100, is_finished=True))
    assert "Upload-Expires" not in finished
    waiting = tus.describe_upload(standing(kind="final", concat_text="final;/a", offset_bytes=0))
    assert ("Upload-Offset" in waiting, waiting["Upload-Concat"]) == (False, "final;/a")
    done = tus.describe_upload(standing(kind="final", offset_bytes=100, is_finished=True))
    assert done["Upload-Offset"] == done["Upload-Length"] == "100"


def test_what_is_told_of_the_server() -> None:
    told = tus.describe_server(largest_bytes=5, has_trailers=False)
    assert (told["Tus-Version"], told["Tus-Max-Size"]) == ("1.0.0", "5")
    assert "sha1" in told["Tus-Checksum-Algorithm"].split(",")
    assert "checksum-trailer" not in told["Tus-Extension"].split(",")
    with_trailers = tus.describe_server(largest_bytes=5, has_trailers=True)["Tus-Extension"].split(",")
    assert set(with_trailers) == {*told["Tus-Extension"].split(","), "checksum-trailer"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/api/v1/uploads/tus", "tus/x"), ("/api/v1/uploads/tus/", "x"), ("/uploads/tus/secret", "secret/x")],
)
def test_an_address_is_relative_to_the_one_that_was_asked(path: str, expected: str) -> None:
    assert tus.location(path, "x") == expected


NAMES = st.sampled_from(
    [
        *("Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Concat"),
        *("Upload-Offset", "Upload-Checksum", "Content-Type", "Trailer", "X-HTTP-Method-Override"),
    ]
)
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.sampled_from(["1", "0", "partial", "final;/a /b", tus.BODY_TYPE, "sha1 AAAA", "a YQ==,b"]),
)


@settings(max_examples=100)
@given(headers=st.dictionaries(NAMES, VALUES), has_body=st.booleans())
def test_any_headers_are_read_or_refused(headers: dict[str, str], has_body: bool) -> None:
    for read in (
        lambda: tus.read_creation(headers, has_body=has_body),
        lambda: tus.read_append(headers),
        lambda: tus.effective_method("POST", headers),
    ):
        with suppress(Refusal):
            read()


class Protocol(RuleBasedStateMachine):
    """The decisions, one after the other, against a plain model: a file is a string of bytes and perhaps a length."""

    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[int, bytearray] = {}  # the model
        self.lengths: dict[int, int | None] = {}
        self.standings: dict[int, tus.Standing] = {}  # what was decided

    @rule(target=uploads, length=st.one_of(st.none(), st.integers(0, 40)), partial=st.booleans())
    def create(self, length: int | None, partial: bool) -> int:
        headers = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        if partial:
            headers["Upload-Concat"] = "partial"
        creation = tus.read_creation(headers, has_body=False)
        number = len(self.files)
        self.files[number], self.lengths[number] = bytearray(), length
        self.standings[number] = tus.Standing(creation.kind, creation.length_bytes, 0, EXPIRES)
        return number

    @rule(
        upload=uploads,
        drift=st.sampled_from([0, 0, 0, 0, -1, 1, 7]),
        data=st.binary(max_size=25),
        told=st.sampled_from([None, None, None, 0, 1, 20]),
        is_counted=st.booleans(),
        lost=st.integers(0, 3),
    )
    def append(
        self, upload: int, drift: int, data: bytes, told: int | None, is_counted: bool, lost: int
    ) -> None:
        file, length = self.files[upload], self.lengths[upload]
        offset, most = len(file) + drift, 60
        wanted = len(file) + len(data) + told if told is not None else None
        if offset < 0:
            return
        headers = {**BODY, "Upload-Offset": str(offset)}
        if wanted is not None:
            headers["Upload-Length"] = str(wanted)
        after = length if length is not None else wanted
        room = (most if after is None else after) - len(file)
        is_good = drift == 0
        is_good &= wanted is None or (wanted == length if length is not None else wanted <= most)
        is_good &= not is_counted or len(data) <= room
        try:
            window = tus.decide_append(
                self.standings[upload],
                tus.read_append(headers),
                body_bytes=len(data) if is_counted else None,
                largest_bytes=most,
            )
        except Refusal:
            assert not is_good
            return
        assert is_good
        assert (window.start_bytes, window.length_bytes, window.most_bytes) == (len(file), after, room)
        kept = data[: min(max(0, len(data) - lost), window.most_bytes)]
        file += kept
        self.lengths[upload] = after
        self.standings[upload] = tus.Standing(
            self.standings[upload].kind, window.length_bytes, window.start_bytes + len(kept), EXPIRES
        )

    @precondition(lambda self: self.files)
    @invariant()
    def what_is_told_is_what_there_is(self) -> None:
        for number, file in self.files.items():
            told = tus.describe_upload(self.standings[number])
            assert told["Upload-Offset"] == str(len(file))
            length = self.lengths[number]
            assert told.get("Upload-Length") == (None if length is None else str(length))
            assert ("Upload-Defer-Length" in told) == (length is None)
            assert self.standings[number].is_whole == (len(file) == length)
            assert length is None or len(file) <= length


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
