"""The tus protocol 1.0.0, rule by rule (`conformance.py`), over HTTP."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

import tests.videos.uploads.test_tus_wire  # noqa: F401 - it shows what only a real connection does
from tests.videos.uploads.conformance import RULES, shown_by, shows
from tests.videos.uploads.test_finishing import sources
from tests.videos.uploads.test_resumable import files
from tests.videos.uploads.tus_calls import (
    BODY_TYPE,
    ENDPOINT,
    call,
    checksum,
    create,
    created,
    head,
    metadata,
    patch,
)
from videos.catalog.models import Video
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(media_dir: Path) -> Path:
    return media_dir


def options(api: APIClient, address: str = ENDPOINT, **headers: Any) -> Any:
    return api.options(address, headers=headers)


def extensions(api: APIClient) -> list[str]:
    return str(options(api)["Tus-Extension"]).split(",")


def partial(api: APIClient, data: bytes, **headers: Any) -> str:
    address = created(api, len(data), Upload_Concat="partial", **headers)
    if data:
        assert patch(api, address, 0, data).status_code == 204
    return address


def final(api: APIClient, *parts: str, **headers: Any) -> Any:
    return create(api, None, Upload_Concat=f"final;{' '.join(parts)}", **headers)


def test_every_rule_has_its_test() -> None:
    assert set(shown_by) == set(RULES)


@shows("offset-is-a-number", "length-is-a-number")
@pytest.mark.parametrize("text", ["-1", "1.0", "x", ""])
def test_numbers_are_whole(api: APIClient, text: str) -> None:
    assert call(api, "POST", ENDPOINT, Upload_Length=text).status_code == 400
    address = created(api, 5)
    wrong = call(api, "PATCH", address, b"abc", Upload_Offset=text)
    assert wrong.status_code == 400
    assert head(api, address)["Upload-Offset"] == "0"


@shows("version-list", "options-version", "options-ignores", "max-size-is-a-number", "max-size-told")
@pytest.mark.parametrize("sent", [{}, {"Tus-Resumable": "0.2.2"}])
def test_what_the_server_can_do(api: APIClient, sent: dict[str, str], settings: Any) -> None:
    answer = options(APIClient(), **sent)  # without a key, too
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert int(answer["Tus-Max-Size"]) == settings.GILFOYLE.upload.max_size_bytes
    assert options(api, created(api, 5))["Tus-Version"] == "1.0.0"


@shows(
    *(
        "extension-list",
        "creation-told",
        "defer-told",
        "with-upload-told",
        "expiration-told",
        "checksum-told",
    ),
    *("termination-told", "concatenation-told", "unfinished-told"),
)
def test_extensions_are_listed(api: APIClient) -> None:
    assert extensions(api) == [
        *("creation", "creation-defer-length", "creation-with-upload", "expiration", "checksum"),
        *("termination", "concatenation", "concatenation-unfinished"),
    ]


@shows("sha1", "algorithm-names", "algorithms-told")
def test_algorithms_are_listed(api: APIClient) -> None:
    names = str(options(api)["Tus-Checksum-Algorithm"]).split(",")
    assert "sha1" in names
    assert all(name.isascii() and name == name.lower() for name in names)


@shows("resumable-everywhere")
def test_every_answer_names_the_version(api: APIClient) -> None:
    address = created(api, 5)
    for answer in (
        create(api, 5),
        create(api, None),
        head(api, address),
        head(api, f"{ENDPOINT}/upl_none"),
        patch(api, address, 0, b"abc"),
        patch(api, address, 0, b"abc"),
        call(api, "GET", address),
        call(api, "DELETE", address),
        create(APIClient(), 5),
    ):
        assert answer["Tus-Resumable"] == "1.0.0"


@shows("other-version-412", "other-version-untouched")
@pytest.mark.parametrize("version", ["0.2.2", "1.0.1", None])
def test_another_version_is_refused(api: APIClient, version: str | None) -> None:
    address = created(api, 5)
    for answer in (
        call(api, "POST", ENDPOINT, Upload_Length="5", Tus_Resumable=version),
        patch(api, address, 0, b"abc", Tus_Resumable=version),
        call(api, "HEAD", address, Tus_Resumable=version),
        call(api, "DELETE", address, Tus_Resumable=version),
    ):
        assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
    assert Upload.objects.get().offset_bytes == 0


@shows("override")
def test_the_method_may_be_overridden(api: APIClient) -> None:
    address = created(api, 5)
    sent = {"Upload_Offset": "0", "Content_Type": BODY_TYPE}
    assert call(api, "POST", address, b"abc", X_HTTP_Method_Override="PATCH", **sent)["Upload-Offset"] == "3"
    assert call(api, "POST", address, X_HTTP_Method_Override="HEAD")["Upload-Offset"] == "3"
    assert call(api, "GET", address, X_HTTP_Method_Override="DELETE").status_code == 204
    assert call(api, "PATCH", ENDPOINT, X_HTTP_Method_Override="POST", Upload_Length="5").status_code == 201
    assert call(api, "POST", address, X_HTTP_Method_Override="TRACE").status_code == 400


@shows("head-offset", "head-length", "head-status", "head-no-store", "defer-omitted")
def test_head_tells_how_far_it_is(api: APIClient) -> None:
    address = created(api, 5)
    for data, offset in ((b"", 0), (b"abc", 3), (b"de", 5)):
        if data:
            patch(api, address, offset - len(data), data)
        told = head(api, address)
        assert told.status_code == 200
        assert (told["Upload-Offset"], told["Upload-Length"]) == (str(offset), "5")
        assert told["Cache-Control"] == "no-store"
        assert "Upload-Defer-Length" not in told
        assert told.content == b""


@shows("head-missing", "patch-404")
@pytest.mark.parametrize("name", ["upl_3kTmvU1qQx0aZpLr7e", "x", "..", "upl_" + "x" * 500])
def test_what_is_not_there_is_not_found(api: APIClient, name: str) -> None:
    told = head(api, f"{ENDPOINT}/{name}")
    assert told.status_code in {404, 410}
    assert "Upload-Offset" not in told
    assert patch(api, f"{ENDPOINT}/{name}", 0, b"abc").status_code == 404


@shows("patch-applies", "patch-204", "patch-new-offset", "patch-sum")
def test_patch_writes_at_the_offset(api: APIClient, media_dir: Path) -> None:
    address = created(api, 6)
    for offset, data in ((0, b"ab"), (2, b"c"), (3, b"def")):
        answer = patch(api, address, offset, data)
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(offset + len(data)))
    assert sources(media_dir) == [b"abcdef"]


@shows("patch-type", "patch-415", "with-upload-type")
@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", "text/plain"])
def test_another_type_of_body_is_refused(api: APIClient, kind: str) -> None:
    address = created(api, 5)
    answer = call(api, "PATCH", address, b"abc", content_type=kind, Upload_Offset="0")
    assert answer.status_code == 415
    assert head(api, address)["Upload-Offset"] == "0"
    assert create(api, 5, b"abc", content_type=kind).status_code == 415


@shows("patch-409")
@pytest.mark.parametrize("offset", [0, 1, 3, 5])
def test_another_offset_is_refused(api: APIClient, offset: int) -> None:
    address = created(api, 5)
    patch(api, address, 0, b"ab")
    answer = patch(api, address, offset, b"x")
    assert (answer.status_code, answer["Upload-Offset"]) == (409, "2")
    assert head(api, address)["Upload-Offset"] == "2"


@shows("creation", "creation-201", "creation-location")
def test_creation_tells_where(api: APIClient) -> None:
    answer = create(api, 5)
    assert answer.status_code == 201
    assert head(api, f"/api/v1/uploads/{answer['Location']}")["Upload-Offset"] == "0"


@shows("defer-is-one", "defer-400", "length-or-defer")
def test_a_creation_needs_a_length_or_none_yet(api: APIClient) -> None:
    assert create(api, None).status_code == 400
    for text in ("0", "2", "true", ""):
        assert create(api, None, Upload_Defer_Length=text).status_code == 400
    assert create(api, 5, Upload_Defer_Length="1").status_code == 400
    assert create(api, None, Upload_Defer_Length="1").status_code == 201


@shows("length-set-once", "head-defer")
def test_a_length_is_told_late_and_once(api: APIClient, media_dir: Path) -> None:
    address = created(api, None, Upload_Defer_Length="1")
    patch(api, address, 0, b"abc")
    told = head(api, address)
    assert (told["Upload-Defer-Length"], "Upload-Length" in told) == ("1", False)
    assert patch(api, address, 3, b"", Upload_Length="5").status_code == 204
    told = head(api, address)
    assert (told["Upload-Length"], "Upload-Defer-Length" in told) == ("5", False)
    assert patch(api, address, 3, b"defg", Upload_Length="7").status_code == 409
    assert head(api, address)["Upload-Length"] == "5"
    assert patch(api, address, 3, b"de").status_code == 204
    assert sources(media_dir) == [b"abcde"]


@shows("metadata-pairs", "metadata-keys", "metadata-safe", "head-metadata")
def test_metadata_comes_back_as_it_came(api: APIClient) -> None:
    text = metadata(filename="world_domination_plan.pdf") + ",is_confidential"
    assert head(api, created(api, 5, Upload_Metadata=text))["Upload-Metadata"] == text
    assert "Upload-Metadata" not in head(api, created(api, 5))
    for wrong in ("a b c", "a YQ==,a YQ==", ",", "a YQ", "ä YQ=="):
        assert create(api, 5, Upload_Metadata=wrong).status_code == 400


@shows("empty-file")
def test_an_empty_file_is_complete_at_once(api: APIClient, media_dir: Path) -> None:
    told = head(api, created(api, 0))
    assert (told["Upload-Offset"], told["Upload-Length"]) == ("0", "0")
    assert sources(media_dir) == [b""]
    assert Video.objects.get().status == "processing"


@shows("too-long-413")
def test_a_length_beyond_the_maximum_is_refused(api: APIClient, settings: Any) -> None:
    most = int(settings.GILFOYLE.upload.max_size_bytes)
    assert create(api, most + 1).status_code == 413
    assert create(api, int("9" * 40)).status_code == 413
    address = created(api, None, Upload_Defer_Length="1")
    assert patch(api, address, 0, b"", Upload_Length=str(most + 1)).status_code == 413


@shows("with-upload-keeps", "with-upload-offset")
def test_a_creation_may_bring_bytes(api: APIClient, media_dir: Path) -> None:
    answer = create(api, 11, b"hello")
    assert (answer.status_code, answer["Upload-Offset"]) == (201, "5")
    patch(api, f"/api/v1/uploads/{answer['Location']}", 5, b" world")
    whole = create(api, 5, b"whole", Upload_Checksum=checksum(b"whole"))
    assert (whole.status_code, whole["Upload-Offset"]) == (201, "5")
    assert sorted(sources(media_dir)) == [b"hello world", b"whole"]
    assert create(api, 4, b"longer").status_code == 413
    assert create(api, 5, b"other", Upload_Checksum=checksum(b"whole")).status_code == 460
    assert Upload.objects.filter(status="receiving").count() == 0


@shows("expires-patch", "expires-post", "expires-format")
def test_it_tells_when_it_expires(api: APIClient, settings: Any) -> None:
    answer = create(api, 5)
    address = f"/api/v1/uploads/{answer['Location']}"
    for told in (answer, head(api, address), patch(api, address, 0, b"abc")):
        left = parsedate_to_datetime(told["Upload-Expires"]) - timezone.now()
        assert abs(left.total_seconds() - settings.GILFOYLE.upload.expiry_s) < 60
        assert told["Upload-Expires"].endswith(" GMT")
    assert "Upload-Expires" not in patch(api, address, 3, b"de")


@shows("expired-gone", "expired-410")
def test_what_has_expired_is_gone(api: APIClient) -> None:
    address = created(api, 5)
    Upload.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert head(api, address).status_code == 410
    assert patch(api, address, 0, b"abc").status_code == 410


@shows("checksum-verified", "checksum-answers", "checksum-discards", "checksum-untouched", "checksum-form")
def test_bytes_are_compared_with_their_checksum(api: APIClient, media_dir: Path) -> None:
    address = created(api, 11)
    other = patch(api, address, 0, b"hello world", Upload_Checksum=checksum(b"Hello world"))
    assert (other.status_code, other.json()["code"]) == (460, "checksum_mismatch")
    unknown = patch(api, address, 0, b"hello world", Upload_Checksum="crc32 AAAA")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "checksum_unsupported")
    assert patch(api, address, 0, b"hello world", Upload_Checksum="sha1").status_code == 460
    assert head(api, address)["Upload-Offset"] == "0"
    right = patch(api, address, 0, b"hello world", Upload_Checksum="sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")
    assert (right.status_code, right["Upload-Offset"]) == (204, "11")
    assert sources(media_dir) == [b"hello world"]


@shows("delete-frees", "delete-204", "delete-gone")
def test_an_upload_is_ended(api: APIClient, media_dir: Path) -> None:
    address = created(api, 5)
    patch(api, address, 0, b"abc")
    assert files(media_dir)
    assert call(api, "DELETE", address).status_code == 204
    assert files(media_dir) == []
    for answer in (head(api, address), patch(api, address, 3, b"de"), call(api, "DELETE", address)):
        assert answer.status_code == 410
    finished = created(api, 3, b"abc")
    assert call(api, "DELETE", finished).status_code == 204
    assert head(api, finished).status_code == 410


@shows(
    "parts-unprocessed", "final-length", "final-order", "parts-repeated", "final-head-done", "concat-values"
)
def test_parts_are_put_together(api: APIClient, media_dir: Path) -> None:
    one, two = partial(api, b"hello"), partial(api, b" world")
    assert not Video.objects.exists()
    relative, absolute = one.rpartition("/")[2], f"https://video.example.org{two}"
    answer = final(api, one, absolute, relative)
    assert answer.status_code == 201
    told = head(api, f"/api/v1/uploads/{answer['Location']}")
    assert told["Upload-Offset"] == told["Upload-Length"] == "16"
    assert told["Upload-Concat"] == f"final;{one} {absolute} {relative}"
    assert sources(media_dir) == [b"hello worldhello"]


@shows("head-concat", "part-head", "final-head-pending", "final-head-length")
def test_a_final_upload_waits_for_its_parts(api: APIClient, media_dir: Path) -> None:
    one, two = partial(api, b"hello"), created(api, 6, Upload_Concat="partial")
    unknown = created(api, None, Upload_Concat="partial", Upload_Defer_Length="1")
    told = head(api, two)
    assert (told["Upload-Concat"], told["Upload-Offset"], told["Upload-Length"]) == ("partial", "0", "6")
    whole = f"/api/v1/uploads/{final(api, one, two)['Location']}"
    told = head(api, whole)
    assert told.status_code == 200
    assert ("Upload-Offset" in told, told["Upload-Length"]) == (False, "11")
    assert told["Upload-Concat"] == f"final;{one} {two}"
    open_end = head(api, f"/api/v1/uploads/{final(api, one, unknown)['Location']}")
    assert ("Upload-Offset" in open_end, "Upload-Length" in open_end) == (False, False)
    patch(api, two, 0, b" world")
    assert head(api, whole)["Upload-Offset"] == "11"
    assert sources(media_dir) == [b"hello world"]


@shows("final-patch-403", "final-untouched")
def test_a_final_upload_takes_no_bytes(api: APIClient, media_dir: Path) -> None:
    one, late = partial(api, b"again"), created(api, 1, Upload_Concat="partial")
    for parts in ((partial(api, b"hello"),), (one, late)):
        address = f"/api/v1/uploads/{final(api, *parts)['Location']}"
        for offset in (0, 5):
            assert patch(api, address, offset, b"x").status_code == 403
    assert sources(media_dir) == [b"hello"]
    assert create(api, None, b"x", Upload_Concat=f"final;{one}").status_code == 403


@shows("parts-metadata")
def test_metadata_is_that_of_the_final_request(api: APIClient) -> None:
    one = partial(api, b"hello", Upload_Metadata=metadata(title="of a part"))
    address = f"/api/v1/uploads/{final(api, one, Upload_Metadata=metadata(title='of the whole'))['Location']}"
    assert head(api, address)["Upload-Metadata"] == metadata(title="of the whole")
    assert Video.objects.get().title == "of the whole"


@shows("concat-values")
def test_parts_must_be_parts(api: APIClient) -> None:
    whole = created(api, 5)
    assert final(api, whole).status_code == 404
    assert final(api, f"{ENDPOINT}/upl_none").status_code == 404
    assert final(api, "/etc/passwd", "../../x").status_code == 404
    assert create(api, None, Upload_Concat="final;").status_code == 400
    assert create(api, 5, Upload_Concat="parts").status_code == 400
