import io

import pytest
from rest_framework.exceptions import ParseError

from gilfoyle.lib.errors import TooLarge
from gilfoyle.lib.json_body import MAX_BODY_BYTES, JsonBody


def parse(body: bytes):
    return JsonBody().parse(io.BytesIO(body), "application/json", {"encoding": "utf-8"})


def test_json_is_parsed() -> None:
    assert parse('{"a": ["é", 1.5, null]}'.encode()) == {"a": ["é", 1.5, None]}
    assert parse(b'"' + b"a" * (MAX_BODY_BYTES - 2) + b'"') == "a" * (MAX_BODY_BYTES - 2)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b"[1] 2", b"NaN", b"Infinity", b'"\xff"', b"[" * 100_000, b"9" * 10_000]
)
def test_what_is_no_json_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


def test_a_body_is_read_no_further_than_the_limit() -> None:
    stream = io.BytesIO(b" " * (3 * MAX_BODY_BYTES))
    with pytest.raises(TooLarge):
        JsonBody().parse(stream, "application/json", {"encoding": "utf-8"})
    assert stream.tell() <= MAX_BODY_BYTES + 1
