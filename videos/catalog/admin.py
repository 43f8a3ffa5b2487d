"""Videos in the admin: the list, the form, deleting, posters. What stands above videos is added by the roof."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.actions import delete_selected as confirm_deleting
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
)
from unfold.widgets import UnfoldAdminTextareaWidget

from gilfoyle.lib import storage
from gilfoyle.lib.admin import HouseAdmin, NextStep, column, for_selected, page_of
from gilfoyle.lib.admin_words import bar, clipped, clock, pill, size_in_words, when
from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos import layout
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog import services, states
from videos.catalog.content_keys import find_cipher, was_shredded
from videos.catalog.models import ImageSet, Video
from videos.catalog.sealed_pictures import read_picture
from videos.catalog.serializers import VideoInputSerializer
from videos.catalog.trail import note_view
from videos.errors import PosterBeyondEnd

POSTER_AGE_S = 24 * 3600


class VideoForm(forms.ModelForm[Video]):
    """What the consumer may edit, under the API's own rules."""

    class Meta:
        model = Video
        fields = services.EDITABLE
        labels = {"poster_at_s": "Poster at (seconds)"}
        widgets = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "metadata": UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "metadata" in self.fields:
            # Compared with the row as any other field, and not with a copy that the browser sends back.
            self.fields["metadata"].show_hidden_initial = False

    def clean_metadata(self) -> Any:
        metadata = self.cleaned_data["metadata"]
        return {} if metadata is None else metadata

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {name: cleaned[name] for name in self.changed_data if name in cleaned}
        checked = VideoInputSerializer(data=given)
        if not checked.is_valid():
            for name, problems in checked.errors.items():
                self.add_error(name if name in self.fields else None, [str(one) for one in problems])
        elif "poster_at_s" in given:
            try:
                services.require_poster_moment(self.instance, given["poster_at_s"])
            except PosterBeyondEnd as refusal:
                self.add_error("poster_at_s", refusal.message)
        return cleaned


class CreatedFilter(RangeDateFilter):
    """Whole days, both ends included."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Video]) -> QuerySet[Video]:
        del request
        first, last = (_day(self.used_parameters.get(f"created_at_{end}")) for end in ("from", "to"))
        if first is not None:
            queryset = queryset.filter(created_at__gte=first)
        if last is not None:
            queryset = queryset.filter(created_at__lt=last + timedelta(days=1))
        return queryset


def _day(text: str | None) -> datetime | None:
    """Return the beginning of a day, or None where the text names none."""
    try:
        day = parse_date(text or "")
    except ValueError:  # well-formed, but no day: 2026-02-30
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


class VideoAdmin(HouseAdmin):
    """Not registered here: the roof adds jobs and the player to the page, which this app must not know."""

    form = VideoForm
    list_display = (
        "poster",
        "title_cell",
        "status_cell",
        "playable_cell",
        "duration",
        "size",
        "project_cell",
        "creator",
        "created",
    )
    list_display_links = ("title_cell",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("project", AutocompleteSelectFilter),
        ("restriction", ChoicesDropdownFilter),
        ("created_at", CreatedFilter),
    )
    list_filter_submit = True
    list_select_related = ("project",)
    search_fields = ("title", "external_id__exact", "creator_id__exact")
    search_help_text = "Title, or exactly an id, external id or creator"
    sortable_by = ("created",)
    actions = ("delete_selected",)
    fieldsets: ClassVar[Any] = (("Details", {"fields": services.EDITABLE}),)
    empty_title = "No videos yet"
    empty_words = "Every video appears here with its status, from the moment it was announced by the API."
    empty_next = NextStep(
        "The dashboard shows how to upload the first one. Files that are on this machine already come in by a command:",
        command="manage.py import_videos FOLDER --project NAME",
        page="index",
        label="How to upload",
    )
    empty_icon = "smart_display"

    def has_change_permission(self, request: HttpRequest, obj: Video | None = None) -> bool:
        is_gone = obj is not None and obj.status == states.DELETING
        return self._may(request, "change") and not is_gone

    def has_delete_permission(self, request: HttpRequest, obj: Video | None = None) -> bool:
        is_gone = obj is not None and obj.status == states.DELETING
        return self._may(request, "delete") and not is_gone

    def get_queryset(self, request: HttpRequest) -> QuerySet[Video]:
        ours = super().get_queryset(request).exclude(project__in=INTERNAL_PROJECT_IDS)
        return with_poster_version(ours)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Video], search_term: str
    ) -> tuple[QuerySet[Video], bool]:
        term = search_term.strip()
        if term.startswith("vid_") and " " not in term:
            return queryset.filter(pk=term), False  # by the primary key, however many videos there are
        found: tuple[QuerySet[Video], bool] = super().get_search_results(request, queryset, search_term)
        return found

    @column("Poster")
    def poster(self, video: Any) -> SafeString:
        return poster_image(video)

    @column("Title", has_subtitle=True)
    def title_cell(self, video: Video) -> tuple[str, str]:
        return video.title or "Untitled", video.pk

    @column("Status")
    def status_cell(self, video: Video) -> SafeString:
        return format_html('<span class="gf-stack">{}{}</span>', status_pills(video), _progress(video))

    @column("Playable")
    def playable_cell(self, video: Video) -> SafeString:
        return pill("Yes", "good") if video.playable else pill("No", "plain")

    @column("Duration")
    def duration(self, video: Video) -> str:
        return clock(video.duration_s)

    @column("Stored")
    def size(self, video: Video) -> str:
        return size_in_words(video.stored_bytes)

    @column("Project")
    def project_cell(self, video: Video) -> SafeString | str:
        return clipped(video.project.name)

    @column("Creator")
    def creator(self, video: Video) -> SafeString | str:
        return clipped(video.creator_id)

    @column("Created", ordering="created_at")
    def created(self, video: Video) -> SafeString | str:
        return when(video.created_at)

    def save_model(self, request: HttpRequest, obj: Video, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        del request, change  # there is no adding here
        services.edit_video(video=obj, fields={name: form.cleaned_data[name] for name in form.changed_data})

    def response_change(self, request: HttpRequest, obj: Video) -> HttpResponse:
        messages.success(request, "Saved.")
        return redirect(self.change_url(obj))

    def delete_model(self, request: HttpRequest, obj: Video) -> None:
        del request
        services.delete_video(video=obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        # Django would walk every row below each video; what is lost is told in words instead.
        del request
        videos = list(objs)
        return [f"{video} ({video.pk})" for video in videos], {"videos": len(videos)}, set(), []

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: str) -> HttpResponse:
        del obj_id
        messages.success(
            request, f"“{obj_display}” is being deleted: it plays no more, and its files go within minutes."
        )
        return redirect("admin:videos_video_changelist")

    @for_selected("Delete", permission="delete", asks_again=True)
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Video]) -> Any:
        if not request.POST.get("post"):
            return confirm_deleting(self, request, queryset)
        videos = list(queryset.exclude(status=states.DELETING))
        self.log_deletions(request, videos)
        count = services.delete_videos(videos=videos)
        messages.success(request, f"{count} {'video is' if count == 1 else 'videos are'} being deleted.")
        return None

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/poster/<slug:revision>/<int:version>.jpg",
            self.admin_site.admin_view(self.poster_view, cacheable=True),
            name="videos_video_poster",
        )
        return [address, *super().get_urls()]

    def poster_view(self, request: HttpRequest, object_id: str, revision: str, version: int) -> HttpResponse:
        """Answer a poster to staff alone; it needs no playback token and works for videos under restriction."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        image = (
            ImageSet.objects.select_related("video")
            .filter(video=unquote(object_id), revision=revision, kind="poster", version=version)
            .first()
        )
        if image is None:
            raise Http404
        note_view(image.video, shows="poster")
        folder = layout.image_folder(image.video.project_id, image.video_id, revision, "poster", version)
        try:
            picture = _read_poster(f"{folder}/poster.jpg", image)
        except (storage.ObjectMissing, SealBroken, KeyUnusable) as missing:
            raise Http404 from missing
        response = HttpResponse(picture, content_type="image/jpeg")
        # A version of a poster never changes; private, since the next one at this machine may be nobody's staff.
        response["Cache-Control"] = f"private, max-age={POSTER_AGE_S}"
        response["X-Content-Type-Options"] = "nosniff"
        return response


def _read_poster(name: str, image: ImageSet) -> bytes:
    """Raises: ObjectMissing, also where its key is gone; StorageFault, SealBroken, KeyUnusable."""
    if was_shredded(video_id=image.video_id, revision=image.revision):
        message = "This picture can't be read any more."
        raise storage.ObjectMissing(message, name=name)
    root_secret = settings.GILFOYLE_ROOT_SECRET
    cipher = find_cipher(video_id=image.video_id, revision=image.revision, root_secret=root_secret)
    return read_picture(name, cipher)


def with_poster_version(videos: QuerySet[Video]) -> QuerySet[Video]:
    """Annotate `poster_version`: None where a video has no poster."""
    posters = ImageSet.objects.filter(video=OuterRef("pk"), revision=OuterRef("revision"), kind="poster")
    return videos.annotate(poster_version=Subquery(posters.values("version")[:1]))


def poster_address(video: Any) -> str:
    """Return the admin's address of a video's poster; "" where there is none."""
    if video.poster_version is None:
        return ""
    return page_of("videos_video_poster", video.pk, video.revision, video.poster_version)


def poster_image(video: Any) -> SafeString:
    """Return a small poster; `video.poster_version` must be annotated."""
    if video.poster_version is None:
        return format_html('<span class="gf-thumb gf-thumb-none" aria-hidden="true">{}</span>', "")
    return format_html(
        '<span class="gf-thumb"><img src="{}" alt="" loading="lazy" decoding="async"></span>',
        poster_address(video),
    )


def status_pills(video: Video) -> SafeString:
    """Return the labels of a video's status and, where there is one, its restriction."""
    restriction = pill(video.restriction) if video.restriction != "none" else ""
    return format_html('<span class="gf-chips">{}{}</span>', pill(video.status), restriction)


def _progress(video: Video) -> SafeString | str:
    return bar(video.progress) if video.status == states.PROCESSING else ""
