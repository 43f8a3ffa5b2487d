import pytest

from tests.videos.fingerprints.bans import make_ban, make_list, make_uploaded
from videos.fingerprints.models import FingerprintMatch, VideoFingerprint
from videos.fingerprints.selectors import (
    bank_version,
    exact_bans,
    find_match,
    has_fingerprint,
    list_matches,
    looks_for_md5,
    looks_for_pictures,
)

pytestmark = pytest.mark.django_db


def test_kinds_are_looked_for_where_an_enabled_list_has_them() -> None:
    assert (looks_for_pictures(), looks_for_md5(), bank_version()) == (False, False, 0)
    off = make_list("off", enabled=False)
    make_ban("a" * 64, kind="dct256", hash_list=off)
    make_ban("b" * 32, kind="md5", hash_list=off)
    make_ban("c" * 64)
    assert (looks_for_pictures(), looks_for_md5()) == (False, False)
    off.enabled = True
    off.save()
    assert (looks_for_pictures(), looks_for_md5(), bank_version()) == (True, True, 3)


def test_a_fingerprint_is_that_of_the_present_upload() -> None:
    video = make_uploaded()
    assert not has_fingerprint(video_id=video.pk, upload_id=video.source_upload_id)
    VideoFingerprint.objects.update(computed_at=video.created_at)
    assert has_fingerprint(video_id=video.pk, upload_id=video.source_upload_id)
    assert not has_fingerprint(video_id=video.pk, upload_id="upl_another")


def test_matches_come_with_their_ban_and_list(django_assert_num_queries) -> None:
    video = make_uploaded()
    ban = make_ban("d" * 64)
    assert list(exact_bans("sha256", ["d" * 64, "", "e" * 64])) == ["d" * 64]
    match = FingerprintMatch.objects.create(
        video_id=video.pk, project_id=video.project_id, upload_id="u", ban=ban, kind="sha256", action="hold"
    )
    with django_assert_num_queries(2):
        found = find_match(match.pk)
        assert found is not None
        assert found.ban.hash_list.name == "known"
        assert [one.ban.hash_list.name for one in list_matches(video_id=video.pk)] == ["known"]
