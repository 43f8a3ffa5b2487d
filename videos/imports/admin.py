"""Imports on a video's page of the admin: where from, how far, what went wrong, and stopping one."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from gilfoyle.lib.admin import HouseAdmin, page_of
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
