from fractions import Fraction

import pytest

from tests.factories import make_project, make_rendition, make_video
from videos.access.services import suspend_project
from videos.catalog import selectors, states
from videos.catalog.images import add_image_set
from videos.errors import VideoNotFound
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db


def test_a_page_of_videos_reads_no_table_of_keys_whole() -> None:
    """An EXISTS among what is read PostgreSQL may answer from a hash of all keys: a second for each page, of a million videos."""
    assert "EXISTS" not in str(selectors.list_videos(project=make_project()).query)


def test_a_project_sees_its_own_videos_and_none_that_is_being_deleted() -> None:
    project = make_project()
    videos = {status: make_video(project, status=status) for status in states.STATUSES}
    make_video(make_project())
    assert set(selectors.list_videos(project=project)) == {
        v for s, v in videos.items() if s != states.DELETING
    }
    assert selectors.get_video(project=project, video_id=videos[states.READY].pk) == videos[states.READY]
    for video, asking in ((videos[states.DELETING], project), (videos[states.READY], make_project())):
        with pytest.raises(VideoNotFound):
            selectors.get_video(project=asking, video_id=video.pk)


@pytest.mark.parametrize("video_id", ["", "\0", "vid_\0aaaaaaaaaaaaaaaaa", "x" * 10_000])
def test_a_text_that_is_no_id_is_not_looked_for(video_id: str) -> None:
    with pytest.raises(VideoNotFound):
        selectors.get_video(project=make_project(), video_id=video_id)


def test_the_gate_is_told_all_that_it_needs() -> None:
    video = make_video(status=states.READY, title="Party", duration_s=2.5, restriction="held")
    policy = selectors.get_playback_policy(video.pk)
    assert policy == selectors.PlaybackPolicy(
        video_id=video.pk,
        project_id=video.project_id,
        revision=video.revision,
        status="ready",
        playable=True,
        restriction="held",
        project_suspended=False,
        duration_s=2.5,
        images=(),
        title="Party",
    )
    add_image_set(video_id=video.pk, revision="another", kind="poster", version=1, size_bytes=1)
    unchanged = selectors.get_playback_policy(video.pk)
    assert unchanged == policy
    add_image_set(
        video_id=video.pk,
        revision=video.revision,
        kind="poster",
        version=2,
        size_bytes=1,
        facts={"formats": ["jpg", "webp"]},
    )
    suspend_project(project=video.project)
    changed = selectors.get_playback_policy(video.pk)
    assert changed is not None
    assert changed.project_suspended
    assert changed.images == (selectors.StoredImages("poster", 2, ("jpg", "webp")),)
    assert changed.find_images("poster") == changed.images[0]
    assert changed.find_images("storyboard") is None


def test_the_gate_knows_of_no_video_that_is_being_deleted() -> None:
    assert selectors.get_playback_policy(make_video(status=states.DELETING).pk) is None
    assert selectors.get_playback_policy("vid_000000000000000000") is None


def test_access_to_many_is_read_in_one_query_and_as_the_policy_has_it(django_assert_num_queries) -> None:
    open_one, held, suspended = make_video(), make_video(restriction="held"), make_video(make_project())
    gone = make_video(status=states.DELETING)
    suspend_project(project=suspended.project)
    ids = [open_one.pk, held.pk, suspended.pk, gone.pk, "vid_000000000000000000"]
    with django_assert_num_queries(1):
        found = selectors.list_access(ids)
    policies = {video_id: selectors.get_playback_policy(video_id) for video_id in ids}
    assert found == {video_id: policy.access for video_id, policy in policies.items() if policy is not None}
    assert (found[held.pk].restriction, found[suspended.pk].project_suspended) == ("held", True)
    assert gone.pk not in found


def test_renditions_come_largest_first_then_sound_of_the_present_revision() -> None:
    video = make_video(status=states.READY)
    for name, width, height in (("v360", 640, 360), ("v1080", 1920, 1080), ("v720", 1280, 720)):
        make_rendition(video, name, width=width, height=height, runs=[SegmentRun(0, 0, (51200,), (1000,))])
    make_rendition(
        video,
        "a0",
        language="fra",
        runs=[SegmentRun(0, 0, (48000, 48000), (5, 6)), SegmentRun(5, 0, (1,), (1,))],
    )
    present = video.revision
    video.revision = "an old one"
    make_rendition(video, "v240")
    playable = selectors.list_playable_renditions(video.pk, present)
    assert [rendition.name for rendition in playable] == ["v1080", "v720", "v360", "a0"]
    assert [len(rendition.index.segments) for rendition in playable] == [1, 1, 1, 2]
    assert (playable[0].kind, playable[0].frame_rate, playable[0].index.timescale) == (
        "video",
        Fraction(25),
        12_800,
    )
    assert (playable[3].kind, playable[3].channels, playable[3].language, playable[3].width) == (
        "audio",
        2,
        "fra",
        None,
    )
    video.revision = present
    assert [row.name for row in selectors.list_renditions(video=video)] == ["v1080", "v720", "v360", "a0"]


def test_reading_renditions_takes_two_queries(django_assert_num_queries) -> None:
    video = make_video(status=states.READY)
    for name in ("v1080", "v720", "v360", "a0"):
        make_rendition(video, name, runs=[SegmentRun(at, at, (1,), (1,)) for at in range(5)])
    with django_assert_num_queries(2):
        selectors.list_playable_renditions(video.pk, video.revision)
