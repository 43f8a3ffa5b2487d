from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.errors import GilfoyleError
from videos.imports.errors import ServerBusy, SourceChanged, SourceNotAllowed, SourceNotThere, SourceUnusable
from videos.imports.parts import Part, Version, judge_answer, say_status

TAGGED = {"etag": '"v1"', "content-length": "1000"}
KNOWN = Version(1000, '"v1"')


def judge(status: int, headers: dict[str, str], wanted_first: int = 0, known: Version | None = None) -> Part:
    return judge_answer(status, headers, wanted_first=wanted_first, known=known)


def test_a_whole_file_is_told_by_length_and_tag() -> None:
    assert judge(200, TAGGED) == Part(0, KNOWN)
    assert judge(200, {"last-modified": "Fri, 20 Nov 2026 09:00:00 GMT"}).version == Version(
        None, "", "Fri, 20 Nov 2026 09:00:00 GMT"
    )


def test_the_rest_of_the_same_file_is_taken() -> None:
    headers = {"etag": '"v1"', "content-range": "bytes 400-999/1000", "content-length": "600"}
    assert judge(206, headers, 400, KNOWN) == Part(400, KNOWN)


def test_a_server_that_begins_anew_or_earlier_is_taken_at_its_word() -> None:
    assert judge(200, TAGGED, 400, KNOWN).first == 0
    assert judge(206, {"etag": '"v1"', "content-range": "bytes 300-999/1000"}, 400, KNOWN).first == 300


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"etag": '"v2"', "content-length": "1000"}),
        (200, {"etag": '"v1"', "content-length": "1001"}),
        (200, {"content-length": "1000"}),
        (206, {"etag": '"v2"', "content-range": "bytes 400-999/1000"}),
        (206, {"etag": '"v1"', "content-range": "bytes 400-999/2000"}),
        (206, {"etag": '"v1"', "content-range": "bytes 400-999/*"}),
        (206, {"etag": '"v1"', "content-range": "bytes 500-999/1000"}),
        (412, {}),
        (416, {"content-range": "bytes */10"}),
    ],
)
def test_halves_of_two_files_are_never_put_together(status: int, headers: dict[str, str]) -> None:
    with pytest.raises(SourceChanged):
        judge(status, headers, 400, KNOWN)


def test_a_weak_tag_is_no_mark() -> None:
    assert judge(200, {"etag": 'W/"v1"', "content-length": "5"}).version.condition == ""
    assert judge(200, {"etag": '"' + "a" * 300 + '"'}).version.tag == ""
    assert not Version(5).is_same(Version(5))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, SourceNotThere), (410, SourceNotThere), (401, SourceNotAllowed), (403, SourceNotAllowed),
        (407, SourceNotAllowed), (451, SourceNotAllowed), (408, ServerBusy), (429, ServerBusy), (500, ServerBusy),
        (503, ServerBusy), (599, ServerBusy), (400, SourceUnusable), (204, SourceUnusable), (304, SourceUnusable),
        (100, SourceUnusable), (999, ServerBusy),
    ],
)  # fmt: skip
def test_what_is_no_file_is_told_with_a_hint(status: int, error: type[GilfoyleError]) -> None:
    with pytest.raises(error) as told:
        judge(status, {"content-length": "5"})
    assert str(status) in told.value.message
    assert told.value.hint


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/html; charset=utf-8"},
        {"content-type": "TEXT/HTML"},
        {"content-encoding": "gzip"},
        {"content-encoding": "br", "content-type": "video/mp4"},
    ],
)
def test_web_pages_and_packed_files_are_no_sources(headers: dict[str, str]) -> None:
    with pytest.raises(SourceUnusable):
        judge(200, headers)


@pytest.mark.parametrize(
    "value", ["", "bytes */1000", "bytes 5-", "items 0-9/10", "bytes 0-9/10, 20-29/30", "bytes -1-9/10"]
)
def test_a_part_that_does_not_say_which_is_refused(value: str) -> None:
    with pytest.raises(SourceUnusable):
        judge(206, {"content-range": value})


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("12", 12), ("-1", None), ("1.5", None), ("²", None), ("9" * 19, None)]
)
def test_a_length_is_a_number_or_not_known(text: str, size_bytes: int | None) -> None:
    assert judge(200, {"content-length": text}).version.size_bytes == size_bytes


NAMES = ("etag", "last-modified", "content-length", "content-range", "content-type", "content-encoding")
VALUES = st.one_of(
    st.text(max_size=30), st.sampled_from(['"v1"', "1000", "bytes 400-999/1000", "identity", "video/mp4"])
)


@given(
    st.integers(0, 999), st.dictionaries(st.sampled_from(NAMES), VALUES), st.integers(0, 1000), st.booleans()
)
def test_whatever_a_server_answers_is_judged(
    status: int, headers: dict[str, str], wanted_first: int, is_known: bool
) -> None:
    try:
        part = judge(status, headers, wanted_first, KNOWN if is_known else None)
    except GilfoyleError:
        return
    assert status in {200, 206}
    assert 0 <= part.first <= wanted_first
    assert not is_known or part.version == KNOWN


@pytest.mark.parametrize(
    ("text", "wait_s"), [("120", 120), ("Fri, 20 Nov 2026 09:00:00 GMT", None), ("-1", None)]
)
def test_a_busy_server_may_say_when(text: str, wait_s: int | None) -> None:
    with pytest.raises(ServerBusy) as busy:
        judge(503, {"retry-after": text})
    assert busy.value.facts["retry_after_s"] == wait_s


def test_a_status_is_said_in_our_words() -> None:
    assert (say_status(404), say_status(599)) == ("404 (Not Found)", "599")
