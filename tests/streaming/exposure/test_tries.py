from __future__ import annotations

import pytest

from streaming.exposure.tries import (
    Answer,
    Request,
    Target,
    Try,
    conclude,
    judge,
    path_of,
    plan_bucket_tries,
    plan_tries,
)

MARK = b"gilfoyle-canary-x"
TARGET = Target(
    base_url="https://video.example.com",
    project_id="p",
    video_id="vid_1",
    revision="r",
    rendition="v16",
    mark=MARK,
    objects={"segment": "renditions/p/vid_1/r/v16/00000.m4s", "source": "sources/p/vid_1/u/source"},
    tokens={"right": "k.right.s", "forged": "k.right.t", "malformed": "xxx"},
    api_key="gfk_secret",
    stranger_id="stranger",
)
STEAL, CONTROL = (
    Try(name, (Request("https://h/a", (MARK,)), Request("https://h/b", (MARK,))))
    for name in ("no_token", "right_token")
)
NOTHING, FOUND, AWAY = (
    Answer(404, b"no"),
    Answer(200, b"x" + MARK),
    Answer(None, words="could not be reached"),
)


def test_every_way_is_tried_and_the_controls_come_first() -> None:
    names = [one.name for one in plan_tries(TARGET)]
    assert names[:2] == ["right_token", "right_api_key"]
    assert set(names[2:]) == {
        "no_token",
        "forged",
        "malformed",
        "guessed_path",
        "listing",
        "other_projects_key",
        "no_api_key",
    }
    assert [one.is_control for one in plan_tries(TARGET)].count(True) == 2
    bucket = plan_bucket_tries(TARGET, addresses=["https://b.example"], signed="https://b.example/x?sig")
    assert [one.name for one in bucket] == ["bucket_signed", "bucket_address"]
    assert bucket[1].requests[0].url == "https://b.example/renditions/p/vid_1/r/v16/00000.m4s"


def test_nothing_is_asked_of_others_and_the_right_token_only_by_its_control() -> None:
    for one in plan_tries(TARGET):
        for request in one.requests:
            assert request.url.startswith(f"{TARGET.base_url}/")
            assert ("k.right.s" in request.url) == (one.name == "right_token")
            assert ("Authorization" in request.headers) == (
                one.name in {"right_api_key", "other_projects_key"}
            )


@pytest.mark.parametrize(
    ("one", "answers", "wanted"),
    [
        (STEAL, [NOTHING, NOTHING], ("refused", "")),
        (STEAL, [NOTHING, FOUND], ("stolen", "/b")),
        (STEAL, [AWAY, FOUND], ("stolen", "/b")),
        (STEAL, [NOTHING, Answer(200, b"a page of our own")], ("refused", "")),
        (STEAL, [NOTHING, Answer(404, MARK)], ("refused", "")),
        (STEAL, [AWAY, NOTHING], ("not_reached", "could not be reached")),
        (STEAL, [NOTHING, Answer(502)], ("not_reached", "answered 502")),
        (CONTROL, [FOUND, FOUND], ("played", "")),
        (CONTROL, [FOUND, NOTHING], ("failed", "answered 404")),
        (CONTROL, [FOUND, Answer(200)], ("failed", "answered something else")),
        (CONTROL, [AWAY, AWAY], ("failed", "could not be reached")),
    ],
)
def test_a_try_is_judged_by_what_came(one: Try, answers: list[Answer], wanted: tuple[str, str]) -> None:
    assert judge(one, answers) == wanted


def test_a_key_is_known_by_its_length() -> None:
    key = Try("no_token", (Request("https://h/key", is_key=True),))
    assert judge(key, [Answer(200, b"k" * 16)])[0] == "stolen"
    assert judge(key, [Answer(200, b"k" * 15)])[0] == "refused"


def test_where_says_no_secret() -> None:
    assert path_of("https://h/play/k.body.signature/p/v/r/v16/init.mp4") == "/play/~/p/v/r/v16/init.mp4"
    assert path_of("https://h/bucket/name?X-Amz-Signature=1") == "/bucket/name"
    assert path_of("https://h/play/p/v/r/") == "/play/p/v/r/"


def test_one_theft_is_enough_and_silence_is_no_pass() -> None:
    assert conclude({"a": "played", "b": "refused"}) == "passed"
    assert conclude({"a": "failed", "b": "stolen"}) == "exposed"
    assert conclude({"a": "played", "b": "not_reached"}) == "inconclusive"
    assert conclude({"a": "failed", "b": "refused"}) == "inconclusive"
