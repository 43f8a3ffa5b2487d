"""Uploads in the admin: what comes in, by whom and how, how far it is, and why some of it never arrived."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from gilfoyle.lib.admin import HouseAdmin, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_words import NONE, bar, clipped, pill, size_in_words, when
from videos.access.models import Project
from videos.errors import UploadTakenOver
from videos.uploads import states
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.services import abort_upload, discard_bytes

WAY_WORDS = {
    states.TUS: "tus",
    states.PUT: "PUT",
    states.IMPORT: "Import",
    states.COMMAND: "Command line",
    states.DIRECT: "Straight to the bucket",
}
ENDED_WORDS = {
    states.EXPIRED: "No more bytes came in time.",
    states.REPLACED: "Another upload took its place.",
    states.TERMINATED: "Its client ended it.",
    states.REVOKED: "Its upload address was taken back.",
    states.VIDEO_DELETED: "Its video was deleted.",
    states.STOPPED: "It was stopped.",
    "upload_incomplete": "The connection broke before the end.",
    "source_differs": "It is not the file that was announced.",
    "source_too_large": "It is larger than it may be.",
    "upload_parts_too_large": "More was sent than was announced.",
    "no_space": "There was no room left.",
    "project_suspended": "Its project was suspended.",
    "uploads_frozen": "Uploads of its project, key or creator were frozen.",
}


@admin.register(Upload)
class UploadAdmin(HouseAdmin):
    """Every transfer, newest first. What was refused before its first byte is no upload, and stands in the log."""

    list_display = ("video_cell", "status_cell", "arrived", "who", "way_cell", "why", "began")
    list_display_links = ("video_cell",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("way", ChoicesDropdownFilter),
        ("video__project", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("video__project", "project", "api_key", "grant__given_by", "grant__api_key")
    search_fields = ("id",)
    ids_searched: ClassVar[Any] = {"upl": "pk", "vid": "video", "upg": "grant"}
    search_help_text = "Exactly an id of an upload, a video or an upload address, or a code"
    actions = ("stop_selected",)
    page_actions = (PageAction("stop", "Stop", "block", "danger"),)
    fields = (
        "id",
        "video_link",
        "project_cell",
        "status_cell",
        "arrived",
        "who",
        "way_cell",
        "why",
        "began",
        "ended",
    )
    readonly_fields = fields
    empty_words = "What applications and browsers send appears here, also what never arrived."
    empty_next = NextStep(
        "The dashboard shows how to send a first file with curl.", page="index", label="How to upload"
    )
    empty_icon = "upload_file"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        uploads: QuerySet[Upload] = super().get_queryset(request)
        return uploads.defer("metadata", "concat")

    def other_searched(self, term: str) -> Q:
        return Q(status=states.ABORTED, ended_code=term)

    @column("Video", has_subtitle=True)
    def video_cell(self, upload: Upload) -> tuple[str, str]:
        if upload.video is None:
            return "A part of a file", upload.pk
        return upload.video.title or "Untitled", upload.pk

    @column("Video")
    def video_link(self, upload: Upload) -> SafeString | str:
        if upload.video is None:
            return NONE
        return linked("videos_video_change", upload.video.pk, str(upload.video))

    @column("Project")
    def project_cell(self, upload: Upload) -> SafeString | str:
        project = _project_of(upload)
        return linked("videos_project_change", project.pk, project.name) if project else NONE

    @column("Status")
    def status_cell(self, upload: Upload) -> SafeString:
        return pill(upload.status)

    @column("Arrived")
    def arrived(self, upload: Upload) -> SafeString:
        return arrived_in_words(upload.status, upload.offset_bytes, upload.length_bytes)

    @column("Who")
    def who(self, upload: Upload) -> SafeString | str:
        project = _project_of(upload)
        giver = giver_in_words(upload.grant) if upload.grant else ""
        name = f"Address of {giver}" if giver else upload.api_key.label if upload.api_key else "This server"
        return format_html(
            '<span class="gf-stack">{}<small>{}</small></span>',
            clipped(name),
            project.name if project else "",
        )

    @column("How")
    def way_cell(self, upload: Upload) -> str:
        return WAY_WORDS.get(upload.way, upload.way)

    @column("Why it ended")
    def why(self, upload: Upload) -> SafeString | str:
        if not upload.ended_code:
            return NONE
        words = ENDED_WORDS.get(upload.ended_code, "")
        return format_html('<span class="gf-words">{} <code>{}</code></span>', words, upload.ended_code)

    @column("Began", ordering="created_at")
    def began(self, upload: Upload) -> SafeString | str:
        return when(upload.created_at)

    @column("Ended")
    def ended(self, upload: Upload) -> SafeString | str:
        return when(upload.finished_at)

    def offered_actions(self, request: HttpRequest, row: Upload) -> list[str]:
        del request
        # An import's is stopped with the import, or it would begin anew.
        return ["stop"] if row.status == states.RECEIVING and row.way != states.IMPORT else []

    def do_stop(self, request: HttpRequest, upload: Upload) -> str:
        del request
        stop_upload(upload)
        return "The upload was stopped, and what had arrived is removed."

    @for_selected("Stop")
    def stop_selected(self, request: HttpRequest, queryset: QuerySet[Upload]) -> None:
        self.run_for_each(request, queryset, stop_upload, done="stopped")


def stop_upload(upload: Upload) -> None:
    """End an upload under way and remove what has arrived.

    Raises: UploadTakenOver where there is nothing to stop.
    """
    if upload.way == states.IMPORT or not abort_upload(upload=upload, why=states.STOPPED):
        message = "This upload has ended already, or belongs to an import."
        raise UploadTakenOver(message)
    discard_bytes(upload)


def _project_of(upload: Upload) -> Project | None:
    return upload.video.project if upload.video else upload.project


def linked(name: str, row_id: str, words: str) -> SafeString:
    """Return a link to a row's page."""
    return format_html('<a class="gf-link" href="{}">{}</a>', page_of(name, row_id), words)


def giver_in_words(grant: UploadGrant) -> str:
    """Return who gave an upload address."""
    if grant.api_key is not None:
        return grant.api_key.label
    return grant.given_by.get_username() if grant.given_by else "a deleted account"


def arrived_in_words(status: str, offset_bytes: int, length_bytes: int | None) -> SafeString:
    """Return how much of how much, with a bar while it is under way."""
    whole = f"of {size_in_words(length_bytes)}" if length_bytes is not None else "of what is not known yet"
    if status == states.FINISHED:
        whole = ""
    is_bar = status == states.RECEIVING and bool(length_bytes)
    return format_html(
        '<span class="gf-stack">{}<small>{} {}</small></span>',
        bar(100 * offset_bytes / length_bytes) if is_bar and length_bytes else "",
        size_in_words(offset_bytes),
        whole,
    )
