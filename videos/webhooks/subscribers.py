"""What consumers are told when something happens; inside the publisher's transaction."""

from __future__ import annotations

from functools import partial

from gilfoyle.lib.events import subscribe
from videos.catalog.models import Video
from videos.events import (
    AppealDecided,
    CaseDecided,
    CaseOpened,
    RestrictionChanged,
    TrackAdded,
    TrackRemoved,
    VideoDeleted,
    VideoFailed,
    VideoPlayable,
    VideoReady,
    VideoRestricted,
    VideoUploaded,
)
from videos.moderation.models import Appeal, Case, Decision, Restriction
from videos.webhooks import payloads
from videos.webhooks.payloads import Data
from videos.webhooks.services import Maker, record_event


@subscribe(VideoUploaded)
def tell_uploaded(event: VideoUploaded) -> None:
    _tell_of_video("upload.finished", event.video_id, partial(payloads.about_upload, event.video_id))


@subscribe(VideoPlayable)
def tell_playable(event: VideoPlayable) -> None:
    _tell_of_video("video.playable", event.video_id, partial(payloads.about_video, event.video_id))


@subscribe(VideoReady)
def tell_ready(event: VideoReady) -> None:
    _tell_of_video("video.ready", event.video_id, partial(payloads.about_video, event.video_id))


@subscribe(VideoFailed)
def tell_failed(event: VideoFailed) -> None:
    _tell_of_video("video.failed", event.video_id, partial(payloads.about_video, event.video_id))


@subscribe(VideoDeleted)
def tell_deleted(event: VideoDeleted) -> None:
    _tell_of_video("video.deleted", event.video_id, lambda: {"video": {"id": event.video_id}})


@subscribe(VideoRestricted)
def tell_restricted(event: VideoRestricted) -> None:
    _tell_of_video("video.restriction_changed", event.video_id, partial(payloads.about_terms, event.video_id))


@subscribe(TrackAdded)
def tell_track_added(event: TrackAdded) -> None:
    _tell_of_video(
        "track.added", event.video_id, partial(payloads.about_track, event.video_id, event.track_id)
    )


@subscribe(TrackRemoved)
def tell_track_removed(event: TrackRemoved) -> None:
    def make() -> Data:
        return {"video_id": event.video_id, "track": {"id": event.track_id}}

    _tell_of_video("track.removed", event.video_id, make)


def _tell_of_video(event_type: str, video_id: str, make: Maker) -> None:
    project_id = Video.objects.filter(pk=video_id).values_list("project_id", flat=True).first()
    if project_id is not None:
        record_event(event_type, project_id=project_id, subject_id=video_id, make=make)


@subscribe(CaseOpened)
def tell_case_opened(event: CaseOpened) -> None:
    case = Case.objects.get(pk=event.case_id)
    record_event(
        "case.opened",
        project_id=case.project_id,
        subject_id=case.pk,
        make=partial(payloads.about_case, case),
    )


@subscribe(CaseDecided)
def tell_decided(event: CaseDecided) -> None:
    """Tell of what a case came to; a consumer's own decision it knows of."""
    decision = Decision.objects.get(pk=event.decision_id)
    if decision.case_id is None:
        return
    record_event(
        "case.decided",
        project_id=decision.project_id,
        subject_id=decision.pk,
        make=partial(payloads.about_decision, decision),
    )


@subscribe(RestrictionChanged)
def tell_restriction(event: RestrictionChanged) -> None:
    restriction = Restriction.objects.select_related("decision").get(pk=event.restriction_id)
    record_event(
        "restriction.began" if restriction.is_active else "restriction.ended",
        project_id=restriction.project_id,
        subject_id=restriction.pk,
        make=partial(payloads.about_restriction, restriction),
    )


@subscribe(AppealDecided)
def tell_appeal_decided(event: AppealDecided) -> None:
    appeal = Appeal.objects.get(pk=event.appeal_id)
    record_event(
        "appeal.decided",
        project_id=appeal.project_id,
        subject_id=appeal.pk,
        make=partial(payloads.about_appeal, appeal),
    )
