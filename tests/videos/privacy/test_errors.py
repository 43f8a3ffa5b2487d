from videos.privacy.errors import CreatorUnderReview


def test_it_is_a_conflict_with_a_code_of_its_own() -> None:
    assert (CreatorUnderReview.http_status, CreatorUnderReview.code) == (409, "creator_under_review")
