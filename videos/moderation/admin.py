"""The queue of cases, and a case on one page. The roof adds the player, which this app must not know."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.views import ChangeList

from gilfoyle.lib.admin import HouseAdmin, NextStep, column, for_selected, in_words, page_of
from gilfoyle.lib.admin_words import pill, when
from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.moderation import queue, selectors, states
from videos.moderation.bulk import bulk_page
from videos.moderation.case_page import describe_case
from videos.moderation.case_parts import reason_label, why_on_top
from videos.moderation.case_steps import STEPS, Outcome
from videos.moderation.models import Case
from videos.moderation.pictures import Pictures, find_pictures, read_blurred, read_sheet, read_strip
from videos.moderation.policy import VIDEO, Reviewer
from videos.moderation.reviewers import reviewer_of_user
from videos.moderation.second_page import second_page
from videos.moderation.services import claim_case, release_case
from videos.moderation.trail import leave_of_case

PICTURE_AGE_S = 24 * 3600
SHARP_AGE_S = 600
JPEG = "image/jpeg"
MOST_FOUND = 500
STATE_TONES: dict[str, Any] = {
    states.CLAIMED: "busy",
    states.APPEAL_CLAIMED: "busy",
    states.ESCALATED: "bad",
    states.APPEALED: "wait",
    states.AWAITING_SECOND: "wait",
    states.SNOOZED: "plain",
}


class ViewFilter(admin.SimpleListFilter):
    """The views of the queue, which stand above it."""

    title = "queue"
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return list(queue.VIEWS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queue.filter_view(queryset, self.value() or "all", by=reviewer_of_user(request.user))


class QueueList(ChangeList):
    """Cases with the videos that they are about and their pictures: two queries for a page, however long."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found: Any = self.result_list  # type: ignore[has-type]  # Django sets it just above
        cases: list[Any] = list(found)
        ids = [case.subject_id for case in cases if case.subject_type == VIDEO]
        videos = Video.objects.in_bulk(ids)
        pictures = find_pictures(
            [case.subject_id for case in cases if not case.is_extreme and case.subject_id in videos]
        )
        for case in cases:
            case.video = videos.get(case.subject_id)
            case.pictures = pictures.get(case.subject_id)
        self.result_list = cases


class CaseAdmin(HouseAdmin):
    """Not registered here: the roof knows how a video is played."""

    list_display = (
        "strip",
        "subject_cell",
        "reasons_cell",
        "why",
        "reporters",
        "due",
        "state_cell",
    )
    list_display_links = ("subject_cell",)
    list_filter = (ViewFilter, ("project", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("project", "assignee")
    list_before_template = "videos/admin/review_queue.html"
    search_fields = ("id",)
    search_help_text = "Title, or exactly the id of a case, a video, a creator"
    actions = ("decide_selected",)
    empty_title = "Nothing waits"
    empty_words = "What is reported or recognised shows here, the most urgent first."
    empty_next = NextStep("There is nothing to do.")
    empty_icon = "task_alt"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        del request, kwargs
        return QueueList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return queue.visible_cases(by=reviewer_of_user(request.user)).order_by(*selectors.QUEUE_ORDER)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Case], search_term: str
    ) -> tuple[QuerySet[Case], bool]:
        del request
        term = search_term.strip()
        if not term or "\0" in term:
            return queryset if not term else queryset.none(), False
        videos = Video.objects.filter(Q(title__icontains=term) | Q(creator_id=term)).order_by("-created_at")
        found = (
            Q(pk=term)
            | Q(subject_id=term)
            | Q(subject_id__in=list(videos.values_list("pk", flat=True)[:MOST_FOUND]))
        )
        return queryset.filter(found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        view = request.GET.get("view") or "all"
        counts = (
            queue.count_views(by=reviewer_of_user(request.user)) if self.has_view_permission(request) else {}
        )
        context = {
            "title": "Review",
            "views": [(name, words, counts.get(name), name == view) for name, words in queue.VIEWS.items()],
            "requests": counts.get("requests", 0),
            "may_review": self.has_operate_permission(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @column("Pictures")
    def strip(self, case: Any) -> SafeString:
        if case.is_extreme or case.pictures is None:
            return format_html(
                '<span class="gf-thumb gf-thumb-none rv-strip" aria-hidden="true">{}</span>', ""
            )
        address = page_of("videos_case_strip", case.pk, case.pictures.tag)
        return format_html('<img class="rv-strip" src="{}" alt="" loading="lazy" decoding="async">', address)

    @column("Subject", has_subtitle=True)
    def subject_cell(self, case: Any) -> tuple[str, str]:
        return subject_words(case, case.video), case.pk

    @column("Reasons")
    def reasons_cell(self, case: Case) -> SafeString:
        chips = ((reason_label(code),) for code in case.reasons)
        return format_html(
            '<span class="gf-chips">{}</span>', format_html_join("", '<span class="rv-chip">{}</span>', chips)
        )

    @column("Why on top")
    def why(self, case: Case) -> SafeString:
        words = ", ".join(f"{name} {part:+d}" for name, part in why_on_top(case))
        return format_html(
            '<span class="gf-stack"><strong>{}</strong><small>{}</small></span>', case.priority, words
        )

    @column("Reports")
    def reporters(self, case: Case) -> SafeString:
        people = f"{case.distinct_reporters} people" if case.distinct_reporters != 1 else "1 person"
        return format_html(
            '<span class="gf-stack">{}<small>{}, {} plays</small></span>',
            case.report_count,
            people,
            case.plays,
        )

    @column("Due")
    def due(self, case: Case) -> SafeString | str:
        return "acted" if case.first_action_at else when(case.due_at)

    @column("State")
    def state_cell(self, case: Case) -> SafeString:
        held = pill("held") if case.is_held else ""
        tone = STATE_TONES.get(case.state, "plain")
        who = case.assignee.get_username() if case.assignee else case.claimed_by.partition(":")[0]
        by = format_html("<small>by {}</small>", who) if who else ""
        pills = format_html('<span class="gf-chips">{}{}</span>', pill(case.state, tone), held)
        return format_html('<span class="gf-stack">{}{}</span>', pills, by)

    @for_selected("Decide…")
    def decide_selected(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse | None:
        return bulk_page(self, request, queryset)

    def get_urls(self) -> list[URLPattern]:
        def address(route: str, view: Any, name: str, *, is_cached: bool = False) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(view, cacheable=is_cached)
            made: URLPattern = path(route, wrapped, name=f"videos_case_{name}")
            return made

        return [
            address("counts/", self.counts_view, "counts"),
            address("next/", self.next_view, "next"),
            address("second/", self.second_view, "second"),
            address("<path:object_id>/strip/<slug:tag>.jpg", self.strip_view, "strip", is_cached=True),
            address(
                "<path:object_id>/blurred/<slug:tag>/<int:number>.jpg",
                self.blurred_view,
                "blurred",
                is_cached=True,
            ),
            address(
                "<path:object_id>/sheet/<slug:tag>/<int:number>.jpg", self.sheet_view, "sheet", is_cached=True
            ),
            address("<path:object_id>/play/", self.play_view, "play"),
            address("<path:object_id>/step/<slug:step>/", self.step_view, "step"),
            *super().get_urls(),
        ]

    # Pages

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        del form_url, extra_context
        case = self._case(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return self.case_page(request, case)

    def case_page(
        self, request: HttpRequest, case: Case, *, sent: Any = None, problem: str = "", status: int = 200
    ) -> HttpResponse:
        """Answer a case on one page, with what was sent and refused."""
        context = {
            **self.admin_site.each_context(request),
            **describe_case(case, by=reviewer_of_user(request.user)),
            "opts": self.opts,
            "title": "Case",
            "may_review": self.has_operate_permission(request),
            "sent": sent or {},
            "problem": problem,
            "watcher": request.user.get_username(),
        }
        return TemplateResponse(request, "videos/admin/case.html", context, status=status)

    def counts_view(self, request: HttpRequest) -> HttpResponse:
        """Answer how much waits."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(queue.count_views(by=reviewer_of_user(request.user)))

    def second_view(self, request: HttpRequest) -> HttpResponse:
        """Answer what waits for another person, and take answers."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST" and not self.has_operate_permission(request):
            raise PermissionDenied
        return second_page(self, request)

    # Pictures

    def strip_view(self, request: HttpRequest, object_id: str, tag: str) -> HttpResponse:
        """Answer three blurred pictures side by side."""
        case = self._case(request, object_id)
        return _picture(read_strip(_pictures(case, tag)), PICTURE_AGE_S)

    def blurred_view(self, request: HttpRequest, object_id: str, tag: str, number: int) -> HttpResponse:
        """Answer a sheet on which nobody sees what it shows."""
        case = self._case(request, object_id)
        return _picture(read_blurred(_pictures(case, tag), number), PICTURE_AGE_S)

    def sheet_view(self, request: HttpRequest, object_id: str, tag: str, number: int) -> HttpResponse:
        """Answer a sheet as it is, and record that somebody wanted to see it."""
        case = self._case(request, object_id)
        sheet = read_sheet(_pictures(case, tag, is_asked=True), number)
        self._record(request, case, "case.pictures_shown", sheet=number)
        return _picture(sheet, SHARP_AGE_S)

    def play_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer where a video plays for a reviewer, and record that somebody wanted to see it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        case = self._case(request, object_id)
        video = Video.objects.filter(pk=case.subject_id).first() if case.subject_type == VIDEO else None
        address = self.player_address(video) if video else ""
        if not address:
            return JsonResponse({"message": "It can't be played."}, status=409)
        self._record(request, case, "case.played")
        return JsonResponse({"address": address})

    def player_address(self, video: Video) -> str:
        """Return where a video plays for a reviewer; the roof knows."""
        del video
        return ""

    @atomic
    def _record(self, request: HttpRequest, case: Case, verb: str, **data: Any) -> None:
        leave_of_case(verb, case, by=reviewer_of_user(request.user), **data)

    # What is done

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """Take the next case and lead to it: the most urgent one, or the one behind a case that is left."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_operate_permission(request):
            raise PermissionDenied
        by = reviewer_of_user(request.user)
        left = self.get_object(request, request.POST.get("after", "")) if request.POST.get("after") else None
        if left is not None and left.claimed_by == by.actor:
            _try(request, lambda: release_case(case_id=left.pk, by=by))
        found = queue.case_after(left, by=by) if left is not None else selectors.next_case(by=by)
        return self._go_on(request, by, found)

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """Do what a button or a key of a case's page says."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        case = self._case(request, object_id)
        run = STEPS.get(step)
        if run is None or not self.has_operate_permission(request):
            raise PermissionDenied
        if request.POST.get("kind") == "purge":
            asked = self.ask_again(request)
            if asked is not None:
                return asked
        by = reviewer_of_user(request.user)
        try:
            outcome: Outcome = run(case, request.POST, by, int(request.user.pk or 0))
        except GilfoyleError as error:
            case.refresh_from_db()
            return self.case_page(request, case, sent=request.POST, problem=in_words(error), status=409)
        self.log_change(request, case, outcome.message)
        if not outcome.is_over:
            messages.success(request, outcome.message)
            return redirect(self.change_url(case))
        done = format_html(
            '{} <a href="{}">{}</a>', outcome.message, self.change_url(case), "Look at it again"
        )
        messages.success(request, done)
        return self._go_on(request, by, selectors.next_case(by=by, besides=case.pk))

    def _go_on(self, request: HttpRequest, by: Reviewer, found: Case | None) -> HttpResponse:
        if found is None:
            messages.info(request, "Nothing else waits for you.")
            return redirect("admin:videos_case_changelist")
        # Somebody else may have been a moment faster; the page then says who has it.
        _try(request, lambda: claim_case(case_id=found.pk, by=by, user_id=request.user.pk))
        return redirect(self.change_url(found))

    def _case(self, request: HttpRequest, object_id: str) -> Case:
        """Raises: PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        case = self.get_object(request, unquote(object_id))
        if case is None:
            raise Http404
        return case  # type: ignore[no-any-return]  # Django's types say Model


def subject_words(case: Case, video: Video | None) -> str:
    """Return what a case is about, as people call it."""
    if case.subject_type == VIDEO:
        return (video.title or "Untitled") if video is not None else "A video that is gone"
    return f"{case.get_subject_type_display()} {case.subject_id}"


def _pictures(case: Case, tag: str, *, is_asked: bool = False) -> Pictures:
    """Raises: Http404; of an extreme case nothing is shown unasked, not even blurred."""
    found = find_pictures([case.subject_id]).get(case.subject_id) if case.subject_type == VIDEO else None
    if found is None or found.tag != tag or (case.is_extreme and not is_asked):
        raise Http404
    return found


def _picture(data: bytes, age_s: int) -> HttpResponse:
    response = HttpResponse(data, content_type=JPEG)
    response["Cache-Control"] = f"private, max-age={age_s}"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _try(request: HttpRequest, run: Any) -> None:
    try:
        run()
    except GilfoyleError as error:
        messages.warning(request, in_words(error))
