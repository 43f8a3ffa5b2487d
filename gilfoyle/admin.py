"""The pages of the admin that need several rooms, composed here since only the roof knows them all.

A video's page is `VideoAdmin` of videos with what its neighbours add: the work by processing, the player by
streaming. Subclassing it here keeps every call going down, and leaves no registry of hooks to look through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString

from gilfoyle.admin_dashboard import may_view
from gilfoyle.lib.admin import Led, PageAction, page_of
from gilfoyle.lib.admin_words import (
    NONE,
    clock,
    codec_in_words,
    frame_rate_in_words,
    pill,
    rate_in_words,
    size_in_words,
    size_of_picture,
    sound_in_words,
    when,
)
from gilfoyle.staff.admin import AdministratorAdmin, AdministratorGroupAdmin
from processing.jobs import again
from processing.jobs import services as jobs
from processing.jobs.admin import offered_for
from processing.jobs.diagnosis import diagnose
from processing.jobs.panel import describe_job, latest_job
from processing.jobs.reprocessing import reprocess
from streaming.addresses import embed_path
from streaming.player.embed_admin import WithEmbed
from streaming.revocations.admin import END_PLAYBACK, end_playback
from streaming.revocations.denials import PROJECT, VIDEO
from streaming.tokens.claims import VIEWER_SCOPES, Scope
from streaming.tokens.services import TokenLimits, TokenWish, mint_token
from videos.audit.links import entries_address, may_read
from videos.catalog import states
from videos.catalog.admin import VideoAdmin, poster_address, status_pills
from videos.catalog.cleaning_words import cleaning_in_words
from videos.catalog.selectors import get_playback_policy, list_playable_renditions
from videos.catalog.trail import note_view
from videos.imports.admin import WithImports, describe_imports
from videos.models import Case, Project, Upload, Video
from videos.moderation.admin import CaseAdmin
from videos.moderation.video_panel import WithModeration
from videos.segment_index import PlayableRendition
from videos.tracks.admin import WithTracks, describe_tracks, list_left_out
from videos.uploads.grant_admin import ProjectPageAdmin, may_be_uploaded_to, upload_here
from videos.usage.plays_panel import show_plays

__all__ = ["AdministratorAdmin", "AdministratorGroupAdmin"]

MOST_UPLOADS = 10
LEAST_TOKEN_S = 15 * 60
VIEW_JOBS, CHANGE_JOBS, VIEW_STEPS = "processing.view_job", "processing.change_job", "processing.view_step"


@dataclass(frozen=True, slots=True)
class RenditionRow:
    """One rendition, in words."""

    name: str
    codec: str
    codec_string: str
    picture: str
    rate: str
    segments: int
    duration: str
    size: str
    bitrate: str
    state: SafeString
    checked: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One transfer of a source, in words."""

    id: str
    status: SafeString
    arrived: str
    length: str
    began: SafeString | str
    ended: SafeString | str


@admin.register(Video)
class VideoPageAdmin(WithModeration, WithTracks, WithImports, WithEmbed, VideoAdmin):
    """A video with its player, its work, its renditions, text tracks, imports and uploads."""

    change_form_outer_before_template = "gilfoyle/admin/video_top.html"
    change_form_outer_after_template = "gilfoyle/admin/video_more.html"
    page_actions = (
        PageAction("upload", "Upload a file", "upload", "main"),
        PageAction("retry", "Try again", "refresh", "main"),
        PageAction("reprocess", "Process again", "autorenew"),
        PageAction("cancel", "Cancel processing", "cancel", "danger"),
        END_PLAYBACK,
    )

    def offered_actions(self, request: HttpRequest, row: Video) -> list[str]:
        upload = ["upload"] if may_be_uploaded_to(request, row) else []
        upload += [END_PLAYBACK.name] if row.playable and row.status != states.DELETING else []
        is_barred = row.status == states.DELETING or not request.user.has_perm(CHANGE_JOBS)
        if is_barred:
            return upload
        may_begin = row.status == states.READY and not row.next_revision
        return [*upload, *offered_for(latest_job(row)), *(["reprocess"] if may_begin else [])]

    def do_upload(self, request: HttpRequest, video: Video) -> Led:
        return upload_here(request, video.project, video=video)

    def do_end_playback(self, request: HttpRequest, video: Video) -> str:
        del request
        return end_playback(project_id=video.project_id, kind=VIDEO, subject=video.pk)

    def do_retry(self, request: HttpRequest, video: Video) -> str:
        _require(request, CHANGE_JOBS)
        again.retry_job(job=_job_of(video))
        return "Processing goes on; what was done and is good stays done."

    def do_reprocess(self, request: HttpRequest, video: Video) -> str:
        _require(request, CHANGE_JOBS)
        reprocess(video=video)
        return "It is processed again by today's settings, and plays as it is until that is done."

    def do_cancel(self, request: HttpRequest, video: Video) -> str:
        _require(request, CHANGE_JOBS)
        job = _job_of(video)
        jobs.cancel_job(job=job)
        if job.is_reprocessing:
            return "Processing was cancelled. The video plays as before."
        return "Processing was cancelled. The source is kept, so it can be tried again."

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        video = kwargs.get("obj")
        if isinstance(video, Video):
            context |= describe_video(video, request)
            note_view(video, shows="player" if context["player_address"] else "page")
            context["show_delete"] = False  # its button stands with the others, above
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/work/", self.admin_site.admin_view(self.work_view), name="videos_video_work"
        )
        return [address, *super().get_urls()]

    def work_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer the panel of a video's work alone, which the page asks for again while work is under way."""
        if not self.has_view_permission(request) or not may_view(request, VIEW_JOBS):
            raise PermissionDenied
        video = self.get_object(request, unquote(object_id))
        if video is None:
            raise Http404
        return TemplateResponse(request, "processing/admin/job_panel.html", describe_work(video, request))


@admin.register(Case)
class CasePageAdmin(CaseAdmin):
    """Cases, whose videos play for reviewers."""

    def player_address(self, video: Video) -> str:
        return player_address(video)


@admin.register(Project)
class ProjectWithPlayback(ProjectPageAdmin):
    """A project, all of whose playback can be ended."""

    page_actions = (*ProjectPageAdmin.page_actions, END_PLAYBACK)

    def offered_actions(self, request: HttpRequest, row: Project) -> list[str]:
        return [*super().offered_actions(request, row), END_PLAYBACK.name]

    def do_end_playback(self, request: HttpRequest, project: Project) -> str:
        del request
        return end_playback(project_id=project.pk, kind=PROJECT, subject=project.pk)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _job_of(video: Video) -> Any:
    job = latest_job(video)
    if job is None:  # buttons are only offered where there is one
        raise Http404
    return job


def describe_video(video: Any, request: HttpRequest) -> dict[str, Any]:
    """Return what the page shows beside the form, of the work only what this administrator may see."""
    renditions = list_playable_renditions(video.pk, video.revision)
    uploads = Upload.objects.filter(video=video)[:MOST_UPLOADS]
    return {
        "video": video,
        "pills": status_pills(video),
        "player_address": player_address(video),
        "audit_address": entries_address(object_id=video.pk) if may_read(request) else "",
        "embed_address": page_of("videos_video_embed", video.pk) if video.playable else "",
        "poster_address": poster_address(video),
        "facts": list_facts(video),
        "times": list_times(video),
        "is_failed": video.status == states.FAILED,
        "is_cancelled": video.failure_code == "cancelled",
        "diagnosis": diagnose(video.failure_code),
        "is_deleting": video.status == states.DELETING,
        "renditions": [describe_rendition(rendition) for rendition in renditions],
        "are_encrypted": any(rendition.is_encrypted for rendition in renditions),
        "plays": show_plays(project=video.project, now=timezone.now(), video_id=video.pk),
        "tracks": describe_tracks(video),
        "left_out": list_left_out(video),
        "imports": describe_imports(video),
        "uploads": [describe_upload(upload) for upload in uploads],
        **describe_work(video, request),
    }


def describe_work(video: Video, request: HttpRequest) -> dict[str, Any]:
    """Return the latest job of a video, if it has one, and where the page asks how it goes on.

    Commands and their output are for those who may look at steps.
    """
    if not may_view(request, VIEW_JOBS):
        return {"may_see_work": False}
    job = latest_job(video)
    panel = describe_job(job) if job else None
    if panel and not may_view(request, VIEW_STEPS):
        panel = replace(panel, steps=tuple(replace(step, command="", stderr_tail="") for step in panel.steps))
    return {
        "may_see_work": True,
        "panel": panel,
        "percent": video.progress if job is None or not job.is_reprocessing else jobs.percent_done(job),
        "poll_address": page_of("videos_video_work", video.pk),
    }


def player_address(video: Video) -> str:
    """Return the address of the player, with a token that lasts about as long as somebody looks; "" if it can't play.

    The token also opens what is held for review, which administrators must be able to see.
    """
    policy = get_playback_policy(video.pk)
    is_barred = policy is None or policy.project_suspended or policy.restriction in {"restricted", "blocked"}
    if policy is None or is_barred or not policy.playable:
        return ""
    playback = settings.GILFOYLE.playback
    token = mint_token(
        project_id=policy.project_id,
        video_id=policy.video_id,
        duration_s=policy.duration_s,
        wish=TokenWish(
            ttl_s=LEAST_TOKEN_S + int(2 * (policy.duration_s or 0)), scope=VIEWER_SCOPES | Scope.REVIEW
        ),
        limits=TokenLimits(playback.min_ttl_s, playback.max_ttl_s),
        root_secret=settings.GILFOYLE_ROOT_SECRET,
        now=timezone.now(),
    )
    return embed_path(token.text, policy.project_id, policy.video_id)


def list_facts(video: Video) -> list[tuple[str, Any]]:
    """Return what is known of the source; what the probe has not found out yet is left out."""
    details = video.source_facts
    rotation = details.get("rotation")
    found: list[tuple[str, Any]] = [
        ("Duration", clock(video.duration_s)),
        ("Picture", size_of_picture(video.width, video.height)),
        ("Frame rate", frame_rate_in_words(video.frame_rate)),
        ("Container", details.get("container")),
        ("Video codec", details.get("video_codec")),
        ("Audio codec", details.get("audio_codec")),
        ("Sound", sound_in_words(details.get("channels"))),
        ("Rotation", f"{rotation}°" if rotation else None),
        ("HDR", "Yes" if details.get("is_hdr") else None),
        ("Source", size_in_words(video.source_size_bytes)),
        ("At rest", "Encrypted" if video.source_is_sealed else None),
        ("Privacy", cleaning_in_words(video.source_cleaning)),
        ("Stored in all", size_in_words(video.stored_bytes)),
    ]
    return [(name, value) for name, value in found if value not in {None, "", NONE}]


def list_times(video: Video) -> list[tuple[str, SafeString | str]]:
    """Return the moments of a video's life that have come."""
    moments = [
        ("Created", video.created_at),
        ("Uploaded", video.uploaded_at),
        ("Playable", video.playable_at),
        ("Ready", video.ready_at),
        ("Deleted", video.deleted_at),
    ]
    return [(name, when(at)) for name, at in moments if at is not None]


def describe_rendition(rendition: PlayableRendition) -> RenditionRow:
    """Return one rendition in words."""
    sound = sound_in_words(rendition.channels)
    return RenditionRow(
        name=rendition.name,
        codec=codec_in_words(rendition.codec),
        codec_string=rendition.codec,
        picture=size_of_picture(rendition.width, rendition.height) if rendition.kind == "video" else sound,
        rate=frame_rate_in_words(str(rendition.frame_rate or "")),
        segments=len(rendition.index.segments),
        duration=clock(rendition.index.duration_s),
        size=size_in_words(rendition.index.size_bytes),
        bitrate=rate_in_words(rendition.index.average_bitrate_bps),
        state=_rendition_state(rendition),
        checked=quality_in_words(rendition.quality),
        problem=rendition.withheld_reason,
    )


def _rendition_state(rendition: PlayableRendition) -> SafeString:
    if rendition.withheld_reason:
        return pill("Withheld", "bad")
    if rendition.is_stopgap:
        return pill("Stop-gap", "plain")
    return pill("Complete", "good") if rendition.is_complete else pill("Growing", "busy")


def quality_in_words(quality: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the comparison with the plan found, the first thing first; a dash before there was one."""
    found = []
    if "frames" in quality:
        found.append(f"{quality['frames']:,} of {quality['planned_frames']:,} frames")
    if quality.get("ssim_mean") is not None:
        found.append(f"SSIM {quality['ssim_mean']:.3f}, lowest {quality['ssim_lowest']:.3f}")
    if mended := quality.get("mended_chunks"):
        found.append(f"mended in {mended} {'chunk' if mended == 1 else 'chunks'}")
    if "av_offset_s" in quality:
        found.append(f"Begins {quality['av_offset_s']:+.3f} s")
        found.append(f"ends {quality['length_difference_s']:+.3f} s beside the picture")
    return tuple(found) or (NONE,)


def describe_upload(upload: Upload) -> UploadRow:
    """Return one transfer in words."""
    return UploadRow(
        id=upload.pk,
        status=pill(upload.status),
        arrived=size_in_words(upload.offset_bytes),
        length=size_in_words(upload.length_bytes),
        began=when(upload.created_at),
        ended=when(upload.finished_at),
    )
