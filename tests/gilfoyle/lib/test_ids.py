import re

import pytest

from gilfoyle.lib import ids


@pytest.mark.parametrize(
    ("make", "prefix"),
    [
        (ids.new_key_id, "key"),
        (ids.new_video_id, "vid"),
        (ids.new_upload_id, "upl"),
        (ids.new_rendition_id, "ren"),
        (ids.new_run_id, "run"),
        (ids.new_image_set_id, "img"),
        (ids.new_track_id, "trk"),
        (ids.new_job_id, "job"),
        (ids.new_step_id, "stp"),
        (ids.new_report_id, "rep"),
        (ids.new_decision_id, "dec"),
        (ids.new_restriction_id, "rst"),
        (ids.new_appeal_id, "apl"),
        (ids.new_hash_list_id, "hls"),
        (ids.new_ban_id, "ban"),
        (ids.new_match_id, "fpm"),
        (ids.new_endpoint_id, "whe"),
        (ids.new_endpoint_secret_id, "whs"),
        (ids.new_delivery_id, "msg"),
    ],
)
def test_ids_have_a_prefix_and_eighteen_random_characters(make, prefix) -> None:
    made = {make() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(rf"{prefix}_[0-9A-Za-z]{{18}}", text) and ids.is_id(text) for text in made)


def test_ids_of_cases_are_as_long_as_all_others() -> None:
    made = ids.new_case_id()
    assert re.fullmatch(r"case_[0-9A-Za-z]{17}", made)
    assert ids.is_id(made)
    assert not ids.is_id("cases_" + "a" * 16)


def test_project_ids_are_lower_case_and_revisions_are_not() -> None:
    assert re.fullmatch(r"[a-z0-9]{12}", ids.new_project_id())
    assert re.fullmatch(r"[0-9A-Za-z]{16}", ids.new_revision())


def test_random_text_uses_the_whole_alphabet() -> None:
    assert set(ids.random_text(5000)) == set(ids.BASE62)
    assert set(ids.random_text(300, "ab")) == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    ["", "vid_", "vid_" + "a" * 17, "vid_" + "a" * 19, "VID_" + "a" * 18, "vid-" + "a" * 18]
    + ["vid_" + "a" * 17 + character for character in ("\0", "\n", "é", "/", " ", "٣")],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not ids.is_id(text)
