"""A revision beside the one that plays: announced, taken over into, played, thrown away; bytes are counted throughout."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.errors import InvalidTransition
from tests.factories import RENDITION_FACTS, make_video
from videos import layout
from videos.catalog import images, renditions, revisions, states
from videos.catalog.models import PastRevision, Rendition, RenditionRun, Video
from videos.catalog.selectors import get_playback_policy
from videos.errors import AlreadyReprocessing, VideoNotFound
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db(transaction=True)
RUN = SegmentRun(0, 0, (100, 100), (30, 40))


def fresh(video: Video) -> Video:
    return Video.objects.get(pk=video.pk)


def playing() -> Video:
    video = make_video(status=states.READY)
    add(video, video.revision)
    return fresh(video)


def add(video: Video, revision: str) -> None:
    renditions.add_run(
        video_id=video.pk,
        revision=revision,
        facts=RENDITION_FACTS,
        chunk_index=0,
        run=RUN,
        quality={"ssim": 0.9},
    )


def test_only_what_is_ready_gets_another_and_one_at_a_time() -> None:
    video = playing()
    revision = revisions.begin_revision(video_id=video.pk)
    assert fresh(video).next_revision == revision != video.revision
    with pytest.raises(AlreadyReprocessing):
        revisions.begin_revision(video_id=video.pk)
    for status in set(states.STATUSES) - {states.READY}:
        with pytest.raises(InvalidTransition, match=status):
            revisions.begin_revision(video_id=make_video(status=status).pk)
    with pytest.raises(VideoNotFound):
        revisions.begin_revision(video_id="vid_none")


def test_what_is_made_beside_is_counted_and_players_are_not_told_of_it() -> None:
    video = playing()
    revision = revisions.begin_revision(video_id=video.pk)
    add(video, revision)
    assert fresh(video).stored_bytes == video.stored_bytes + 70
    policy = get_playback_policy(video.pk)
    assert policy is not None
    assert (policy.revision, policy.as_of(revision)) == (video.revision, None)


def test_it_takes_the_place_and_the_old_one_stays_a_while(media_dir: Path) -> None:
    video = playing()
    revision = revisions.begin_revision(video_id=video.pk)
    add(video, revision)
    with pytest.raises(InvalidTransition):
        revisions.replace_revision(video_id=video.pk, revision=video.revision)
    revisions.replace_revision(video_id=video.pk, revision=revision)
    now = fresh(video)
    assert (now.revision, now.next_revision) == (revision, "")
    assert Rendition.objects.get(revision=revision).is_complete
    assert now.stored_bytes == video.stored_bytes + 70, "both are stored"
    policy = get_playback_policy(video.pk)
    assert policy is not None
    assert policy.as_of(video.revision) is not None
    # A picture that is made anew for a revision that is over is still counted, and goes with it.
    for version, size_bytes in ((1, 5), (2, 7)):
        images.add_image_set(
            video_id=video.pk, revision=video.revision, kind="poster", version=version, size_bytes=size_bytes
        )
    assert fresh(video).stored_bytes == now.stored_bytes + 5 + 7
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v720")
    storage.save_bytes(layout.init_name(folder), b"init")
    assert revisions.remove_past(longest_play_s=60, now=timezone.now() + timedelta(seconds=59)) == 0
    assert revisions.remove_past(longest_play_s=60, now=timezone.now() + timedelta(seconds=61)) == 1
    assert fresh(video).stored_bytes == video.stored_bytes - 70 + 70
    assert not storage.exists(layout.init_name(folder))
    assert set(Rendition.objects.values_list("revision", flat=True)) == {revision}
    assert not PastRevision.objects.exists()
    with pytest.raises(InvalidTransition):
        revisions.replace_revision(video_id=video.pk, revision="")


def test_one_that_is_thrown_away_leaves_everything_as_it_was(media_dir: Path) -> None:
    video = playing()
    revision = revisions.begin_revision(video_id=video.pk)
    add(video, revision)
    folder = layout.rendition_folder(video.project_id, video.pk, revision, "v720")
    storage.save_bytes(layout.init_name(folder), b"init")
    revisions.drop_revision(video_id=video.pk, revision=revision)
    now = fresh(video)
    assert (now.revision, now.next_revision, now.stored_bytes) == (video.revision, "", video.stored_bytes)
    assert set(Rendition.objects.values_list("revision", flat=True)) == {video.revision}
    assert not storage.exists(layout.init_name(folder))
    policy = get_playback_policy(video.pk)
    assert policy is not None
    assert policy.as_of(revision) is None
    with pytest.raises(InvalidTransition):
        revisions.drop_revision(video_id=video.pk, revision=revision)
    # What a worker stores late goes too, long before anything that was played.
    storage.save_bytes(layout.init_name(folder), b"late")
    assert revisions.remove_past(longest_play_s=10**9, now=timezone.now() + timedelta(hours=2)) == 1
    assert not storage.exists(layout.init_name(folder))


def test_a_rendition_is_taken_over_with_all_that_is_known_of_it() -> None:
    video = playing()
    Rendition.objects.update(quality={"frames": 2}, withheld_reason="Too dark.")
    revision = revisions.begin_revision(video_id=video.pk)
    for _ in range(2):
        revisions.adopt_rendition(video_id=video.pk, revision=revision, name="v720", sizes=[48, 32])
    revisions.adopt_rendition(video_id=video.pk, revision=revision, name="v9000", sizes=[])
    old, new = (Rendition.objects.filter(revision=one).values().get() for one in (video.revision, revision))
    assert {**old, "id": "", "revision": ""} == {**new, "id": "", "revision": ""}
    one, other = (
        RenditionRun.objects.filter(rendition__revision=name).values().get()
        for name in (video.revision, revision)
    )
    same = {"id": "", "rendition_id": ""}
    assert {**one, **same, "sizes": [48, 32]} == {**other, **same}  # its own sizes: it is encrypted
    assert one["rendition_id"] != other["rendition_id"]
    assert fresh(video).stored_bytes == video.stored_bytes + 80


def test_a_revision_that_is_dropped_gives_back_replaced_pictures_too() -> None:
    video = playing()
    revision = revisions.begin_revision(video_id=video.pk)
    for version in (1, 2):
        images.add_image_set(
            video_id=video.pk, revision=revision, kind="poster", version=version, size_bytes=10 * version
        )
    assert fresh(video).stored_bytes == video.stored_bytes + 10 + 20
    revisions.drop_revision(video_id=video.pk, revision=revision)
    assert fresh(video).stored_bytes == video.stored_bytes
