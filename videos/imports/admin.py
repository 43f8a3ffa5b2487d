"""Imports on a video's page of the admin: where from, how far, what went wrong, and stopping one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from gilfoyle.lib.admin import HouseAdmin, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_words import NONE, bar, pill, size_in_words, when
from videos.catalog.models import Video
from videos.imports import services, states
from videos.imports.errors import ImportNotFound
from videos.imports.models import Import

MOST_IMPORTS = 10


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import, in words."""

    id: str
    source: str
    status: SafeString
    arrived: SafeString | str
    size: str
    attempts: int
    problem: str
    began: SafeString | str
    ended: SafeString | str
    stop_address: str


def describe_imports(video: Video) -> list[ImportRow]:
    """Return a video's latest imports, in words."""
    return [_describe(one) for one in Import.objects.filter(video=video)[:MOST_IMPORTS]]


def _describe(one: Import) -> ImportRow:
    is_live = one.status in states.LIVE
    known = one.status == states.FETCHING and one.percent is not None
    return ImportRow(
        id=one.pk,
        source=one.shown_url,
        status=pill(one.status),
        arrived=bar(one.percent or 0) if known else size_in_words(one.received_bytes),
        size=NONE if one.size_bytes is None else size_in_words(one.size_bytes),
        attempts=one.attempt,
        problem=one.failure_message if one.status != states.FINISHED else "",
        began=when(one.created_at),
        ended=when(one.finished_at),
        stop_address=page_of("videos_video_stop_import", one.video_id) if is_live else "",
    )


@admin.register(Import)
class ImportAdmin(HouseAdmin):
    """Every wish to fetch a source, newest first, and why some were not fulfilled."""

    list_display = ("source", "status_cell", "arrived", "video_cell", "why", "tries", "began")
    list_display_links = ("source",)
    list_filter = (("status", ChoicesDropdownFilter), ("video__project", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("video__project",)
    search_fields = ("id",)
    ids_searched: ClassVar[Any] = {"imp": "pk", "vid": "video"}
    search_help_text = "Exactly an id of an import or a video, or a code"
    actions = ("stop_selected",)
    page_actions = (PageAction("stop", "Stop", "block", "danger"),)
    fields = ("id", "address", "status_cell", "arrived", "video_cell", "why", "tries", "began", "ended")
    readonly_fields = fields
    empty_words = "What is fetched from elsewhere appears here, also what could not be."
    empty_next = NextStep(
        "An application asks for it by the API (source_url of a new video). By hand a command does it:",
        command="manage.py import_videos https://files.example/clip.mp4 --project NAME",
    )
    empty_icon = "cloud_download"

    def other_searched(self, term: str) -> Q:
        return Q(status__in=(states.FAILED, states.CANCELLED), failure_code=term)

    @column("From", has_subtitle=True)
    def source(self, one: Import) -> tuple[str, str]:
        return one.shown_url, one.pk

    @column("From")
    def address(self, one: Import) -> str:
        return one.shown_url

    @column("Status")
    def status_cell(self, one: Import) -> SafeString:
        return pill(one.status)

    @column("Arrived")
    def arrived(self, one: Import) -> SafeString:
        return format_html(
            '<span class="gf-stack">{}<small>{} of {}</small></span>',
            bar(one.percent) if one.status == states.FETCHING and one.percent is not None else "",
            size_in_words(one.received_bytes),
            "what is not known yet" if one.size_bytes is None else size_in_words(one.size_bytes),
        )

    @column("Video")
    def video_cell(self, one: Import) -> SafeString:
        address = page_of("videos_video_change", one.video_id)
        return format_html(
            '<span class="gf-stack"><a class="gf-link" href="{}">{}</a><small>{}</small></span>',
            address,
            str(one.video),
            one.video.project.name,
        )

    @column("What went wrong")
    def why(self, one: Import) -> SafeString | str:
        if not one.failure_code:
            return NONE
        return format_html(
            '<span class="gf-words">{} <code>{}</code></span>', one.failure_message, one.failure_code
        )

    @column("Tries")
    def tries(self, one: Import) -> int:
        return one.attempt

    @column("Began", ordering="created_at")
    def began(self, one: Import) -> SafeString | str:
        return when(one.created_at)

    @column("Ended")
    def ended(self, one: Import) -> SafeString | str:
        return when(one.finished_at)

    def offered_actions(self, request: HttpRequest, row: Import) -> list[str]:
        del request
        return ["stop"] if row.status in states.LIVE else []

    def do_stop(self, request: HttpRequest, one: Import) -> str:
        del request
        stop_import(one)
        return "The import was stopped; the video awaits its source as before."

    @for_selected("Stop")
    def stop_selected(self, request: HttpRequest, queryset: QuerySet[Import]) -> None:
        self.run_for_each(request, queryset, stop_import, done="stopped")


def stop_import(one: Import) -> None:
    """Stop an import that is under way. Raises: ImportNotFound."""
    if one.status not in states.LIVE or not services.cancel_import(video_id=one.video_id):
        message = "This import has ended already."
        raise ImportNotFound(message)


class WithImports(HouseAdmin):
    """Gives the page of a video the address at which its import is stopped."""

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/import/stop/",
            self.admin_site.admin_view(self.stop_import_view),
            name="videos_video_stop_import",
        )
        return [address, *super().get_urls()]

    def stop_import_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop the import of a video."""

        def stop(video: Video) -> str:
            if not services.cancel_import(video_id=video.pk):
                message = "There is no import under way any more."
                raise ImportNotFound(message)
            return "The import was stopped; the video awaits its source as before."

        return self.press_button(request, object_id, stop)
