"""Jobs and steps in the admin, for operators: what works, what waits, what failed and why."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter

from gilfoyle.lib.admin import HouseAdmin, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_words import NONE, bar, pill, when
from gilfoyle.lib.queue import QUEUES
from processing.jobs import again, failures, services, states
from processing.jobs.diagnosis import diagnose, told_to_staff
from processing.jobs.models import Job, Step
from processing.jobs.panel import KIND_WORDS, describe_job, describe_step, most_urgent_first, title_of, took
from processing.jobs.waiting import has_failed, words_of_wait

ENDED_BADLY = (states.FAILED, states.CANCELLED)


def _video_link(job: Job) -> SafeString:
    address = page_of("videos_video_change", job.video_id)
    title = job.video.title or job.video_id
    return format_html(
        '<a class="gf-link gf-clip gf-clip-wide" href="{}" title="{}">{}</a>', address, title, title
    )


class WorkAdmin(HouseAdmin):
    """A list for operators: what failed comes first, then what is open; what is done only on request.

    So the list stays short and quick however much has been done.
    """

    opening_statuses: ClassVar[tuple[str, ...]]
    empty_title = "All work is done"
    empty_next = NextStep("There is nothing to do: uploads make work by themselves.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = most_urgent_first(self.model.objects.all())
        match = request.resolver_match
        if match is None or not (match.url_name or "").endswith("_changelist"):
            return rows
        is_asked = any(name in request.GET for name in ("status__exact", "q", "job", "video"))
        return rows if is_asked else rows.filter(status__in=self.opening_statuses)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in {"job", "video"} or bool(super().lookup_allowed(lookup, value, request))


@admin.register(Job)
class JobAdmin(WorkAdmin):
    """All work on one revision of a video."""

    opening_statuses = (states.FAILED, states.ACTIVE, states.CANCELLED)

    list_display = ("job_cell", "video_cell", "status_cell", "failure_cell", "took_cell", "created")
    list_display_links = ("job_cell",)
    list_filter = (("status", ChoicesDropdownFilter),)
    list_filter_submit = True
    list_select_related = ("video",)
    search_fields = ("id",)
    ids_searched: ClassVar[Any] = {"job": "pk", "vid": "video"}
    actions = ("retry_selected", "cancel_selected")
    page_actions = (
        PageAction("retry", "Try again", "refresh", "main"),
        PageAction("cancel", "Cancel", "cancel", "danger"),
    )
    fields = ("video_cell", "status_cell", "failure_cell", "revision", "created", "took_cell")
    readonly_fields = fields
    change_form_outer_after_template = "processing/admin/job_after.html"
    empty_words = "Nothing is open and nothing has failed. Finished jobs are under the filter Status."
    empty_icon = "rule_settings"

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        # Of one status all are as urgent: its part of the index is in this order already.
        newest = ("-created_at", "-id")
        return newest if request.GET.get("status__exact") else ("urgency", *newest)

    def other_searched(self, term: str) -> Q:
        return Q(revision=term) | Q(status__in=ENDED_BADLY, failure_code=term)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.failures_view)
        return [path("failures/", view, name="processing_job_failures"), *super().get_urls()]

    def failures_view(self, request: HttpRequest) -> HttpResponse:
        """Answer what failed, by reason; a post tries one job again (`job`), or those of a reason (`code`)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_retry = self.has_operate_permission(request)
        if request.method == "POST":
            if not may_retry:
                raise PermissionDenied
            given = request.POST
            jobs = (
                failures.list_open().filter(pk=given["job"])
                if "job" in given
                else failures.list_retryable(code=given.get("code", ""))
            )
            self.run_for_each(request, jobs, lambda job: again.retry_job(job=job), done="started again")
            return redirect("admin:processing_job_failures")
        context = {
            **self.admin_site.each_context(request),
            "title": "Failures",
            "failures": failures.read_failures(),
            "may_retry": may_retry,
            "most_at_once": failures.MOST_AT_ONCE,
        }
        return TemplateResponse(request, "processing/admin/failures.html", context)

    @column("Job", has_subtitle=True)
    def job_cell(self, job: Job) -> tuple[str, str]:
        return job.pk, job.revision

    @column("Video")
    def video_cell(self, job: Job) -> SafeString:
        return _video_link(job)

    @column("Status")
    def status_cell(self, job: Job) -> SafeString:
        return pill(job.status if job.status != states.ACTIVE else "processing")

    @column("What went wrong")
    def failure_cell(self, job: Job) -> SafeString | str:
        if not job.failure_code:
            return NONE
        return format_html(
            '<span class="gf-words">{} <code>{}</code></span>',
            told_to_staff(job.failure_code, job.failure_message),
            job.failure_code,
        )

    @column("Took")
    def took_cell(self, job: Job) -> str:
        return took(job.created_at, job.finished_at, timezone.now())

    @column("Began")
    def created(self, job: Job) -> SafeString | str:
        return when(job.created_at)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        job = kwargs.get("obj")
        if job is not None:
            context["panel"] = describe_job(job)
            context["diagnosis"] = diagnose(job.failure_code)
        return super().render_change_form(request, context, *args, **kwargs)

    def offered_actions(self, request: HttpRequest, row: Job) -> list[str]:
        del request
        return offered_for(row)

    def do_retry(self, request: HttpRequest, job: Job) -> str:
        del request
        again.retry_job(job=job)
        return "Trying again; what was done and is good stays done."

    def do_cancel(self, request: HttpRequest, job: Job) -> str:
        del request
        services.cancel_job(job=job)
        return "Cancelled; its workers stop within seconds."

    @for_selected("Try again")
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self.run_for_each(request, queryset, lambda job: again.retry_job(job=job), done="started again")

    @for_selected("Cancel")
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self.run_for_each(request, queryset, lambda job: services.cancel_job(job=job), done="cancelled")


def offered_for(job: Job | None) -> list[str]:
    """Return which of `retry` and `cancel` a job can be told now."""
    if job is None:
        return []
    if job.status == states.ACTIVE:
        return ["cancel"]
    return ["retry"] if job.status in ENDED_BADLY and not job.is_reprocessing else []


class KindFilter(DropdownFilter):
    """What a step does."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return list(KIND_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Step]) -> QuerySet[Step]:
        del request
        return queryset.filter(kind=self.value()) if self.value() else queryset


class QueueFilter(DropdownFilter):
    """Which workers take it."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return [(queue, queue) for queue in QUEUES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Step]) -> QuerySet[Step]:
        del request
        return queryset.filter(queue=self.value()) if self.value() else queryset


@admin.register(Step)
class StepAdmin(WorkAdmin):
    """Single units of work."""

    opening_statuses = (states.FAILED, states.RUNNING, states.READY, states.WAITING)

    list_display = (
        "step_cell",
        "video_cell",
        "status_cell",
        "queue_cell",
        "attempt_cell",
        "lease",
        "took_cell",
        "failure_cell",
    )
    list_display_links = ("step_cell",)
    list_filter = (("status", ChoicesDropdownFilter), KindFilter, QueueFilter)
    list_filter_submit = True
    list_select_related = ("job__video",)
    search_fields = ("id",)
    ids_searched: ClassVar[Any] = {"stp": "pk", "job": "job", "vid": "job__video"}
    fieldsets = (
        (None, {"fields": ("video_cell", "job_cell", "status_cell")}),
        (
            "Run",
            {"fields": ("queue", "priority", "attempt", "faults", "lease", "took_cell", "needs_cell")},
        ),
    )
    readonly_fields = (
        "video_cell",
        "job_cell",
        "status_cell",
        "queue",
        "priority",
        "attempt",
        "faults",
        "lease",
        "took_cell",
        "needs_cell",
    )
    change_form_outer_before_template = "processing/admin/step_output.html"
    empty_words = "Nothing is open and nothing has failed. Finished steps are under the filter Status."
    empty_icon = "footprint"

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        # What ended is millions, and shown by when it did, as the index has it.
        is_over = request.GET.get("status__exact") in {states.DONE, *ENDED_BADLY}
        return ("-finished_at", "-id") if is_over else ("urgency", "priority", "name", "id")

    def other_searched(self, term: str) -> Q:
        # What waits has a code, too: for room, or for a store that is away.
        return Q(status__in=(states.READY, *ENDED_BADLY), failure_code=term)

    @column("Step", has_subtitle=True)
    def step_cell(self, step: Step) -> tuple[str, str]:
        return title_of(step), step.name

    @column("Video")
    def video_cell(self, step: Step) -> SafeString:
        return _video_link(step.job)

    @column("Job")
    def job_cell(self, step: Step) -> SafeString:
        address = page_of("processing_job_change", step.job_id)
        return format_html('<a class="gf-link" href="{}">{}</a>', address, step.job_id)

    @column("Status")
    def status_cell(self, step: Step) -> SafeString:
        progress = bar(step.progress * 100) if step.status == states.RUNNING else ""
        return format_html('<span class="gf-stack">{}{}</span>', pill(step.status), progress)

    @column("Queue")
    def queue_cell(self, step: Step) -> str:
        return step.queue

    @column("Attempt")
    def attempt_cell(self, step: Step) -> int:
        return step.attempt

    @column("Held by")
    def lease(self, step: Step) -> SafeString | str:
        if not step.lease_owner:
            return NONE
        return format_html(
            '<span class="gf-stack"><code>{}</code><small>lease ends {}</small></span>',
            step.lease_owner,
            when(step.lease_expires_at),
        )

    @column("Took")
    def took_cell(self, step: Step) -> str:
        return took(step.started_at, step.finished_at, timezone.now())

    @column("What went wrong")
    def failure_cell(self, step: Step) -> SafeString | str:
        if not has_failed(step) and not words_of_wait(step):
            return NONE
        return format_html(
            '<span class="gf-words">{} <code>{}</code></span>',
            told_to_staff(step.failure_code, step.failure_message),
            step.failure_code,
        )

    @column("Waits for")
    def needs_cell(self, step: Step) -> str:
        shown = ", ".join(step.needs[:8])
        more = len(step.needs) - 8
        return (f"{shown} and {more} more" if more > 0 else shown) or NONE

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        step = kwargs.get("obj")
        if step is not None:
            context["step"] = described = describe_step(step, timezone.now())
            context["diagnosis"] = None if described.is_waiting else diagnose(described.failure_code)
        return super().render_change_form(request, context, *args, **kwargs)
