"""Projects and API keys in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from gilfoyle.lib.admin import HouseAdmin, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_fields import made_once
from gilfoyle.lib.admin_words import listed, pill, size_in_words, when
from videos.access import services
from videos.access.forms import (
    ENCRYPTION_EXPLAINED,
    LIMITS_EXPLAINED,
    ApiKeyForm,
    KeyLimitsForm,
    ProjectForm,
    ProjectSettingsForm,
)
from videos.access.holdings import is_counted
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.keys import SCOPES
from videos.access.limits import NAMES, OF_KEYS, limits_of_project
from videos.access.models import ApiKey, Holding, Project
from videos.access.selectors import find_only_project_id, get_use
from videos.access.tracking_link import tracking_link
from videos.access.use_panel import render_use
from videos.audit.links import entries_link, may_read

AUDIT = ("Audit", {"fields": ("trail",)})
KEY_AUDIT = ("Audit", {"fields": (("trail", "done_with_it"),)})


class ProjectAdmin(HouseAdmin):
    """Not registered here: `videos.uploads.grant_admin` adds the upload of a file. Tenants, what they hold, and whether they are suspended."""

    form = ProjectForm
    list_display = ("name_cell", "state", "video_count", "stored", "key_count", "created")
    list_display_links = ("name_cell",)
    list_filter = (("suspended_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "=id")
    ordering = ("name",)
    actions = ("suspend_selected", "resume_selected")
    page_actions: ClassVar[tuple[PageAction, ...]] = (
        PageAction("suspend", "Suspend", "block", "danger", asks_again=True),
        PageAction("resume", "Resume", "play_arrow", "main"),
    )
    readonly_fields: ClassVar[Any] = ("id", "state", "video_count", "key_count", "created", "use", "tracking")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("use", "tracking", ("state", "video_count", "key_count"), ("id", "created"))}),
        ("Limits", {"fields": NAMES, "description": LIMITS_EXPLAINED}),
        ("Encryption", {"fields": ("encryption",), "description": ENCRYPTION_EXPLAINED}),
    )
    empty_words = "A project owns videos and API keys."
    empty_next = NextStep("Make one for each application.", adds=True)
    empty_icon = "folder_open"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self._may(request, "add")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        # Subqueries, so that only the rows of this page are counted, each by its own index; in a large house by the last count.
        alone = Project.objects.filter(pk=OuterRef("pk")).order_by()
        videos: QuerySet[Any, Any] = alone.annotate(n=Count("videos"))
        held: QuerySet[Any, Any] = alone.annotate(n=Sum("videos__stored_bytes"))
        if is_counted():
            counted = Holding.objects.filter(project=OuterRef("pk")).order_by().values("project")
            videos, held = counted.annotate(n=Sum("videos")), counted.annotate(n=Sum("stored_bytes"))
        active = ApiKey.objects.filter(project=OuterRef("pk"), revoked_at=None).order_by()
        projects: QuerySet[Project] = super().get_queryset(request).exclude(pk__in=INTERNAL_PROJECT_IDS)
        return projects.annotate(
            videos_held=Subquery(videos.values("n")),
            bytes_held=Subquery(held.values("n")),
            keys_held=Subquery(active.values("project").annotate(n=Count("pk")).values("n")),
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self.has_operate_permission(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        form = ProjectSettingsForm if obj else ProjectForm
        return super().get_form(request, obj, change, **{**kwargs, "form": form})

    def get_fieldsets(self, request: HttpRequest, obj: Project | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("name",)}),)
        return (*self.fieldsets, *((AUDIT,) if may_read(request) else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        del request
        return (*self.readonly_fields, "trail") if obj else ()

    @column("What was done")
    def trail(self, project: Project) -> SafeString:
        return entries_link("Entries of the audit", project_id=project.pk)

    @column("Use")
    @made_once
    def use(self, project: Project) -> SafeString:
        return render_use(get_use(project=project), limits_of_project(project, settings.GILFOYLE.limits))

    @column("Tracking")
    def tracking(self, project: Project) -> SafeString:
        return tracking_link(project_id=project.pk, target_type="project", target_id=project.pk)

    @column("Name", has_subtitle=True)
    def name_cell(self, project: Project) -> tuple[str, str]:
        return project.name, project.pk

    @column("State")
    def state(self, project: Project) -> SafeString:
        return pill("suspended" if project.is_suspended else "active")

    @column("Videos")
    def video_count(self, project: Any) -> SafeString:
        address = f"{reverse('admin:videos_video_changelist')}?project={project.pk}"
        return format_html('<a class="gf-link" href="{}">{}</a>', address, project.videos_held or 0)

    @column("Stored")
    def stored(self, project: Any) -> str:
        return size_in_words(project.bytes_held or 0)

    @column("Active keys")
    def key_count(self, project: Any) -> SafeString:
        address = f"{reverse('admin:videos_apikey_changelist')}?project={project.pk}"
        return format_html('<a class="gf-link" href="{}">{}</a>', address, project.keys_held or 0)

    @column("Created")
    def created(self, project: Project) -> SafeString | str:
        return when(project.created_at)

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        del request
        if change:
            services.set_project_limits(project=obj, limits=form.limits())
            services.set_project_encryption(project=obj, encryption=form.cleaned_data["encryption"])
            return
        made = services.create_project(name=obj.name)
        obj.pk, obj.name, obj.created_at = made.pk, made.name, made.created_at

    def offered_actions(self, request: HttpRequest, row: Project) -> list[str]:
        del request
        return ["resume"] if row.is_suspended else ["suspend"]

    def do_suspend(self, request: HttpRequest, project: Project) -> str:
        del request
        services.suspend_project(project=project)
        return f"{project} is suspended: nothing of it can be uploaded, read or played."

    def do_resume(self, request: HttpRequest, project: Project) -> str:
        del request
        services.resume_project(project=project)
        return f"{project} works again."

    @for_selected("Suspend", asks_again=True)
    def suspend_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self.run_for_each(
            request, queryset, lambda project: services.suspend_project(project=project), done="suspended"
        )

    @for_selected("Resume")
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self.run_for_each(
            request, queryset, lambda project: services.resume_project(project=project), done="resumed"
        )


@admin.register(ApiKey)
class ApiKeyAdmin(HouseAdmin):
    """Keys by their prefix. The key itself is shown once, by the answer that makes it, and kept nowhere."""

    form = ApiKeyForm
    list_display = ("name_cell", "project_cell", "scope_cell", "state", "last_used", "expires", "created")
    list_display_links = ("name_cell",)
    list_filter = (("project", AutocompleteSelectFilter), ("revoked_at", admin.EmptyFieldListFilter))
    list_filter_submit = True
    list_select_related = ("project",)
    search_fields = ("label", "=prefix", "=id")
    autocomplete_fields = ("project",)
    actions = ("revoke_selected",)
    page_actions = (PageAction("revoke", "Revoke", "block", "danger", asks_again=True),)
    add_fields = ("project", "label", "scopes", "expires_at")
    readonly_fields = (
        "project_cell",
        "label",
        "shown_prefix",
        "scope_list",
        "state",
        "expires",
        "last_used",
        "created",
        "tracking",
    )
    empty_words = "A key lets one service of yours use the API in the name of a project."
    empty_next = NextStep(
        "Make one for each service, here or by a command:",
        command="manage.py create_api_key --project NAME",
        adds=True,
    )
    empty_icon = "key"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self.has_operate_permission(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        form = KeyLimitsForm if obj else ApiKeyForm
        return super().get_form(request, obj, change, **{**kwargs, "form": form})

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": self.add_fields}),)
        limits = {"fields": OF_KEYS, "description": "Empty: as much as its project may."}
        shown = ((None, {"fields": self.readonly_fields}), ("Limits", limits))
        return (*shown, *((KEY_AUDIT,) if may_read(request) else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        del request
        return (*self.readonly_fields, "trail", "done_with_it") if obj else ()

    @column("Tracking")
    def tracking(self, key: ApiKey) -> SafeString:
        return tracking_link(project_id=key.project_id, target_type="api_key", target_id=key.pk)

    @column("What was done to it")
    def trail(self, key: ApiKey) -> SafeString:
        return entries_link("Entries of the audit", object_id=key.pk)

    @column("What was done with it")
    def done_with_it(self, key: ApiKey) -> SafeString:
        return entries_link("Entries of the audit", actor_kind="api_key", actor_id=key.pk)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if only := find_only_project_id():
            initial.setdefault("project", only)
        return initial

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        keys: QuerySet[ApiKey] = super().get_queryset(request)
        return keys.exclude(project__in=INTERNAL_PROJECT_IDS)

    @column("Key", has_subtitle=True)
    def name_cell(self, key: ApiKey) -> tuple[str, str]:
        return key.label, self.shown_prefix(key)

    @column("Begins with")
    def shown_prefix(self, key: ApiKey) -> str:
        return f"gfk_{key.prefix}_…"

    @column("Project")
    def project_cell(self, key: ApiKey) -> SafeString:
        address = page_of("videos_project_change", key.project_id)
        return format_html('<a class="gf-link" href="{}">{}</a>', address, key.project.name)

    @column("Scopes")
    def scope_list(self, key: ApiKey) -> SafeString | str:
        return listed(key.scopes)

    @column("Scopes")
    def scope_cell(self, key: ApiKey) -> SafeString | str:
        return "All" if set(key.scopes) >= set(SCOPES) else listed(key.scopes)

    @column("State")
    def state(self, key: ApiKey) -> SafeString:
        if key.revoked_at is not None:
            return pill("revoked")
        return pill("active") if key.is_active else pill("expired", "wait")

    @column("Last used")
    def last_used(self, key: ApiKey) -> str:
        return f"{key.last_used_on:%Y-%m-%d}" if key.last_used_on else "Never"

    @column("Expires")
    def expires(self, key: ApiKey) -> SafeString | str:
        return when(key.expires_at) if key.expires_at else "Never"

    @column("Created")
    def created(self, key: ApiKey) -> SafeString | str:
        return when(key.created_at)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        if change:
            services.set_key_limits(key=obj, limits=form.limits())
            return
        made, text = services.create_api_key(
            project=obj.project,
            label=obj.label,
            scopes=form.cleaned_data["scopes"],
            expires_at=obj.expires_at,
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        # On the request alone: it is shown by this answer and then gone.
        request.new_key_text = text  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        del post_url_continue
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Your new API key",
            "key": obj,
            "text": request.new_key_text,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "videos/admin/api_key_created.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def offered_actions(self, request: HttpRequest, row: ApiKey) -> list[str]:
        del request
        return ["revoke"] if row.revoked_at is None else []

    def do_revoke(self, request: HttpRequest, key: ApiKey) -> str:
        del request
        services.revoke_api_key(key=key)
        return f"{key} is revoked and will be refused from now on."

    @for_selected("Revoke", asks_again=True)
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        self.run_for_each(request, queryset, lambda key: services.revoke_api_key(key=key), done="revoked")
