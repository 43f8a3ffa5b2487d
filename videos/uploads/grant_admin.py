"""Upload addresses in the admin: made for others, or to upload here and now; copied, followed, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from gilfoyle.lib.admin import HouseAdmin, Led, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_fields import made_once
from gilfoyle.lib.admin_words import NONE, listed, pill, size_in_words, when
from gilfoyle.lib.origins_form_field import OriginsField
from videos.access.admin import ProjectAdmin
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.access.selectors import find_only_project_id
from videos.catalog import states as video_states
from videos.catalog.models import Video
from videos.uploads import states
from videos.uploads.admin import arrived_in_words, giver_in_words, linked
from videos.uploads.cors import ANY
from videos.uploads.granting import GrantWish, create_grant, page_url, revoke_grant, tus_url, withdraw_grant
from videos.uploads.grants import sign_grant
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.permits import GIVE_PERMISSION
from videos.uploads.serializers import MAX_ORIGINS
from videos.uploads.services import discard_bytes
from videos.usage.plays_panel import show_plays

HERE_TTL_S = 12 * 3600  # as long as an administrator's session
LIFETIMES = ((3600, "1 hour"), (24 * 3600, "1 day"), (3 * 24 * 3600, "3 days"), (7 * 24 * 3600, "1 week"))
MEGABYTE = 1024 * 1024
STATE_TONES = {
    "waiting": "plain",
    "receiving": "busy",
    "finished": "good",
    "expired": "wait",
    "revoked": "bad",
}


class GrantForm(forms.ModelForm[UploadGrant]):
    """What a new address is for and what it allows."""

    project = forms.ModelChoiceField(
        Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS),
        widget=UnfoldAdminSelectWidget,
        help_text="A new video is made in it.",
    )
    title = forms.CharField(
        max_length=255,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of the new video. The page shows it.",
    )
    lifetime_s = forms.TypedChoiceField(
        coerce=int, choices=LIFETIMES, initial=24 * 3600, label="Holds for", widget=UnfoldAdminSelectWidget
    )
    max_size_mb = forms.IntegerField(
        min_value=1,
        max_value=2**40,
        required=False,
        label="Largest file (MB)",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: as large as the settings allow.",
    )
    origins = OriginsField(
        most=MAX_ORIGINS,
        any_word=ANY,
        required=False,
        label="Web sites",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Origins such as https://www.example.org, one a line, whose pages may hold the upload page in an "
        "iframe or use the address themselves. Empty: only this server's own page.",
    )

    class Meta:
        model = UploadGrant
        fields: tuple[str, ...] = ()


class StateFilter(DropdownFilter):  # type: ignore[misc]  # the theme's has no types
    """What has become of an address."""

    title = "State"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return [(state, state.capitalize()) for state in STATE_TONES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[UploadGrant]) -> QuerySet[UploadGrant]:
        del request
        now, uploads = timezone.now(), _files_of_grant()
        is_unused = Q(revoked_at=None, arrived_at=None)  # or not noted yet, so its uploads are looked at, too
        has = {
            status: Exists(uploads.filter(status=status)) for status in (states.RECEIVING, states.FINISHED)
        }
        unused = queryset.filter(is_unused).exclude(has[states.FINISHED])
        open_ones = unused.filter(expires_at__gt=now)
        found: dict[str, QuerySet[UploadGrant]] = {
            "finished": queryset.filter(has[states.FINISHED]),
            "receiving": open_ones.filter(has[states.RECEIVING]),
            "waiting": open_ones.exclude(has[states.RECEIVING]),
            "revoked": queryset.filter(revoked_at__isnull=False).exclude(has[states.FINISHED]),
            "expired": unused.filter(expires_at__lte=now),
        }
        return found.get(str(self.value()), queryset)


@admin.register(UploadGrant)
class UploadGrantAdmin(HouseAdmin):
    """Addresses and what came by them. Whoever may change one sees it whole, and so may upload by it."""

    form = GrantForm
    list_display = ("video_cell", "state", "arrived", "giver", "largest", "expires", "created")
    list_display_links = ("video_cell",)
    list_filter = (StateFilter, ("video__project", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("video__project", "api_key", "given_by")
    search_fields = ("id",)
    ids_searched: ClassVar[Any] = {"upg": "pk", "vid": "video"}
    search_help_text = "Exactly an id of an address or a video"
    actions = ("revoke_selected",)
    page_actions = (PageAction("revoke", "Take it back", "block", "danger"),)
    add_fields = ("project", "title", "lifetime_s", "max_size_mb", "origins")
    readonly_fields = (
        "id",
        "video_link",
        "state",
        "arrived",
        "giver",
        "largest",
        "longest",
        "kinds",
        "sites",
        "expires",
        "created",
    )
    change_form_outer_before_template = "videos/admin/upload_address.html"
    empty_words = "An address lets somebody upload one video, without a key and without an account."
    empty_next = NextStep("Make one, and send it to whoever has the file.", adds=True)
    empty_icon = "add_link"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self._may(request, "add")

    def get_fields(self, request: HttpRequest, obj: UploadGrant | None = None) -> tuple[str, ...]:
        del request
        return self.readonly_fields if obj else self.add_fields

    def get_readonly_fields(self, request: HttpRequest, obj: UploadGrant | None = None) -> tuple[str, ...]:
        del request
        return self.readonly_fields if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if only := find_only_project_id():
            initial.setdefault("project", only)
        return initial

    def get_queryset(self, request: HttpRequest) -> QuerySet[UploadGrant]:
        # By the index of each grant's own uploads, and for the rows of one page alone.
        latest = _files_of_grant().exclude(status=states.ABORTED).order_by("-created_at")
        grants: QuerySet[UploadGrant] = super().get_queryset(request)
        return grants.annotate(
            upload_status=Subquery(latest.values("status")[:1]),
            upload_offset=Subquery(latest.values("offset_bytes")[:1]),
            upload_length=Subquery(latest.values("length_bytes")[:1]),
        )

    @column("Video", has_subtitle=True)
    def video_cell(self, grant: UploadGrant) -> tuple[str, str]:
        return grant.video.title or "Untitled", grant.pk

    @column("Video")
    def video_link(self, grant: UploadGrant) -> SafeString:
        return linked("videos_video_change", grant.video_id, str(grant.video))

    @column("State")
    def state(self, grant: Any) -> SafeString:
        name = _state(grant)
        return pill(name, STATE_TONES[name])  # type: ignore[arg-type]  # a tone

    @column("Arrived")
    def arrived(self, grant: Any) -> SafeString | str:
        if grant.upload_status is None:
            return NONE
        return arrived_in_words(grant.upload_status, grant.upload_offset, grant.upload_length)

    @column("Given by")
    def giver(self, grant: UploadGrant) -> str:
        return giver_in_words(grant)

    @column("Largest file")
    def largest(self, grant: UploadGrant) -> str:
        return size_in_words(grant.max_size_bytes)

    @column("Longest")
    def longest(self, grant: UploadGrant) -> str:
        return f"{grant.max_duration_s:g} s" if grant.max_duration_s else "As the settings allow"

    @column("Kinds")
    def kinds(self, grant: UploadGrant) -> SafeString | str:
        return listed(grant.containers) if grant.containers else "As the settings allow"

    @column("Web sites")
    def sites(self, grant: UploadGrant) -> SafeString | str:
        return listed(grant.allowed_origins) if grant.allowed_origins else "Only this server's own page"

    @column("Ends", ordering="expires_at")
    def expires(self, grant: UploadGrant) -> SafeString | str:
        return when(grant.expires_at)

    @column("Made", ordering="created_at")
    def created(self, grant: UploadGrant) -> SafeString | str:
        return when(grant.created_at)

    def save_model(self, request: HttpRequest, obj: UploadGrant, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        del change  # there is only adding here
        given = form.cleaned_data
        wish = GrantWish(
            video={"title": given["title"]},
            ttl_s=given["lifetime_s"],
            max_size_bytes=given["max_size_mb"] * MEGABYTE if given["max_size_mb"] else None,
            allowed_origins=given["origins"],
        )
        made = give_address(request, given["project"], wish)
        obj.pk, obj.video = made.pk, made.video

    def response_add(
        self, request: HttpRequest, obj: UploadGrant, post_url_continue: str | None = None
    ) -> HttpResponse:
        del post_url_continue
        messages.success(request, "The address is made. Copy it, or upload here.")
        return redirect(self.change_url(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        grant = kwargs.get("obj")
        if grant is not None and self.has_operate_permission(request):
            context |= _describe_address(grant)
        response = super().render_change_form(request, context, *args, **kwargs)
        response["Cache-Control"] = "no-store"  # the address is on it
        return response

    def offered_actions(self, request: HttpRequest, row: Any) -> list[str]:
        del request
        return ["revoke"] if _state(row) in {"waiting", "receiving"} else []

    def do_revoke(self, request: HttpRequest, grant: UploadGrant) -> str:
        del request
        revoke_grant(grant=grant)
        return "The address is taken back; what was on its way by it is given up."

    @for_selected("Take back")
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[UploadGrant]) -> None:
        left: list[Upload] = []
        # All of them first: none is to wait for a store that answers slowly.
        self.run_for_each(
            request, queryset, lambda grant: left.extend(withdraw_grant(grant=grant)), done="taken back"
        )
        for upload in left:
            discard_bytes(upload)


def _files_of_grant() -> QuerySet[Upload]:
    """Return the files that came by the outer query's address; the parts of one are none."""
    return Upload.objects.filter(grant=OuterRef("pk")).exclude(kind=states.PARTIAL)


def _state(grant: Any) -> str:
    if grant.upload_status == states.FINISHED:
        return "finished"
    if grant.revoked_at is not None:
        return "revoked"
    if grant.expires_at <= timezone.now():
        return "expired"
    return "waiting" if grant.upload_status is None else "receiving"


def _describe_address(grant: Any) -> dict[str, Any]:
    root_secret = settings.GILFOYLE_ROOT_SECRET
    is_open = grant.revoked_at is None and grant.expires_at > timezone.now()
    if not is_open:
        return {}
    return {
        "upload_path": f"/upload/{sign_grant(grant.pk, root_secret=root_secret)}",
        "page_url": page_url(grant, config=settings.GILFOYLE, root_secret=root_secret),
        "tus_url": tus_url(grant, config=settings.GILFOYLE, root_secret=root_secret),
        "has_arrived": grant.upload_status == states.FINISHED,
    }


def give_address(request: HttpRequest, project: Project, wish: GrantWish) -> UploadGrant:
    """Make an address in an administrator's name. Raises: PermissionDenied, SourceExists."""
    if not may_give(request):
        raise PermissionDenied
    return create_grant(key=None, wish=wish, config=settings.GILFOYLE, project=project, giver=request.user)


def may_give(request: HttpRequest) -> bool:
    """Tell whether an administrator may make upload addresses."""
    return bool(request.user.has_perm(GIVE_PERMISSION))


def upload_here(request: HttpRequest, project: Project, *, video: Video | None = None) -> Led:
    """Make an address for this administrator and lead to the page where it is, with the widget."""
    ttl_s = min(HERE_TTL_S, settings.GILFOYLE.upload.grant_max_ttl_s)
    grant = give_address(request, project, GrantWish(video_id=video.pk if video else None, ttl_s=ttl_s))
    hours = timedelta(seconds=ttl_s).total_seconds() / 3600
    message = f"Upload the file below, or hand the address on: it holds for {hours:g} hours."
    return Led(message, page_of("videos_uploadgrant_change", grant.pk))


def may_be_uploaded_to(request: HttpRequest, video: Video) -> bool:
    """Tell whether a video's page offers to upload a file."""
    awaits = {video_states.AWAITING_UPLOAD, video_states.UPLOADING, video_states.FAILED}
    return video.status in awaits and may_give(request)


class ProjectPageAdmin(ProjectAdmin):
    """Not registered here: the roof adds the end of playback. A project, to which a file can be uploaded at once, with its plays."""

    readonly_fields = (*ProjectAdmin.readonly_fields, "plays")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "use",
                    "plays",
                    "tracking",
                    ("state", "video_count", "key_count"),
                    ("id", "created"),
                )
            },
        ),
        *ProjectAdmin.fieldsets[1:],
    )
    page_actions = (PageAction("upload", "Upload a video", "upload", "main"), *ProjectAdmin.page_actions)

    def offered_actions(self, request: HttpRequest, row: Project) -> list[str]:
        may_upload = may_give(request) and not row.is_suspended
        return [*super().offered_actions(request, row), *(["upload"] if may_upload else [])]

    @column("Watched, last 30 days")
    @made_once
    def plays(self, project: Project) -> SafeString:
        return show_plays(project=project, now=timezone.now())

    def do_upload(self, request: HttpRequest, project: Project) -> Led:
        return upload_here(request, project)
