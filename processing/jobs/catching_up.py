"""Ready videos whose pictures are not hashed, as those from before recognition was on: that is made up for.

Beside whatever else is to be done, and last of all. Videos are looked at in the order of their ids; whoever has a step for
it already is left alone, so that it may be done in parts, and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import F, QuerySet

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.transactions import atomic
from processing.jobs import pipeline, states
from processing.jobs.again import do_again
from processing.jobs.banned import hash_banned
from processing.jobs.models import Job, Step
from processing.jobs.services import add_steps, locked_job
from processing.media import EncodePlan
from videos.audit.services import record
from videos.catalog.models import Video
from videos.fingerprints.selectors import videos_of_unreadable_bans, videos_without_fingerprint
from videos.fingerprints.services import expect_fingerprint

PAGE = 500
QUEUED, UNDER_WAY, FAILED, NO_PICTURES, BANNED = "queued", "under_way", "failed", "no_pictures", "banned"
OUTCOMES = (QUEUED, UNDER_WAY, FAILED, NO_PICTURES, BANNED)


def catch_up(*, most: int, tries_failed: bool = False, is_dry_run: bool = False) -> Counter[str]:
    """Queue the hashing of up to so many videos; returns how many of those looked at came to each of OUTCOMES.

    Of up to as many banned videos whose ban can't be read, the pictures are hashed anew, too. What failed before is left
    out unless it is to be tried again. A dry run changes nothing, and tells what would be.
    """
    counts: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
    for video_id in _ids(videos_without_fingerprint()):
        if counts[QUEUED] >= most:
            break
        try:
            counts[_catch_up(video_id, tries_failed=tries_failed, is_dry_run=is_dry_run)] += 1
        except StaleWork:  # it was deleted just now
            continue
    for video_id in _ids(videos_of_unreadable_bans()):
        if counts[BANNED] >= most:
            break
        try:
            counts[_catch_up_ban(video_id, tries_failed=tries_failed, is_dry_run=is_dry_run)] += 1
        except StaleWork:
            continue
    if not is_dry_run and counts[QUEUED] + counts[BANNED]:
        _note_asked(videos=counts[QUEUED], bans=counts[BANNED])
    return counts


@atomic
def _note_asked(**asked: int) -> None:
    record("library.hashing_asked", object_type="library", object_id="", data=asked)


def _ids(videos: QuerySet[Video]) -> Iterator[str]:
    """Yield ids page by page: rows change meanwhile."""
    last = ""
    while page := list(videos.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]):
        yield from page
        last = page[-1]


@atomic
def _catch_up(video_id: str, *, tries_failed: bool, is_dry_run: bool) -> str:
    """Raises: StaleWork when the video is gone."""
    outcome, job, step = _look(
        video_id, kind=pipeline.FINGERPRINT, tries_failed=tries_failed, is_dry_run=is_dry_run
    )
    if job is None or outcome != QUEUED or is_dry_run:
        return outcome
    expect_fingerprint(video_id=video_id)
    if step is None:
        add_steps(job=job, plans=[pipeline.plan_late_fingerprint()])
    else:
        do_again(video_id=video_id, kind=pipeline.FINGERPRINT)
    return QUEUED


@atomic
def _catch_up_ban(video_id: str, *, tries_failed: bool, is_dry_run: bool) -> str:
    """Raises: StaleWork when the video is gone."""
    outcome, _job, _step = _look(
        video_id, kind=pipeline.BAN_PICTURES, tries_failed=tries_failed, is_dry_run=is_dry_run
    )
    if outcome != QUEUED:
        return outcome
    return BANNED if is_dry_run or hash_banned(video_id=video_id) else NO_PICTURES


def _look(
    video_id: str, *, kind: str, tries_failed: bool, is_dry_run: bool
) -> tuple[str, Job | None, Step | None]:
    """Return how a video's step of a kind is, QUEUED where it may be queued; with the job, locked, and the step if any."""
    present = Job.objects.filter(
        video_id=video_id, revision=F("video__revision"), status__in=states.AT_WORK, plan__isnull=False
    )
    job = present.first()
    if job is None or EncodePlan.from_json(job.plan or {}).video is None:
        return NO_PICTURES, None, None
    if not is_dry_run:
        job = locked_job(job.pk)
    step = Step.objects.filter(job=job, kind=kind).first()
    if step is not None and step.status in {states.WAITING, states.READY, states.RUNNING}:
        return UNDER_WAY, job, step
    if step is not None and step.status != states.DONE and not tries_failed:
        return FAILED, job, step
    return QUEUED, job, step
