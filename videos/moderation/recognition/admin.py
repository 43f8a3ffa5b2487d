"""Lists of banned material and what was recognised, in the admin: looked at alone. No picture of it is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.views import ChangeList

from gilfoyle.lib.admin import HouseAdmin, NextStep, column, page_of
from gilfoyle.lib.admin_words import NONE, clipped, listed, pill, when
from gilfoyle.lib.transactions import atomic
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.audit.selectors import latest_of_each
from videos.audit.services import record
from videos.catalog.models import Video
from videos.fingerprints.lists import count_found, count_held
from videos.fingerprints.models import (
    FALSE,
    HOLD,
    HOUSE,
    PENDING,
    TRUE,
    FingerprintMatch,
    HashList,
)
from videos.moderation.case_parts import (
    VERDICT_WORDS,
    name_actors,
    score_in_words,
    verdict_pill,
)
from videos.moderation.models import Case, Report
from videos.moderation.policy import VIDEO, Power
from videos.moderation.recognition.parts import (
    FILLED,
    KIND_WORDS,
    actor_in_rows,
    list_entries,
    list_imports,
    matches_address,
    video_link,
)
from videos.moderation.reviewers import reviewer_of_user

MOST_PROJECTS = 200
IMPORT_COMMAND = "manage.py hashlist import FILE --list NAME"


class GatheredList(ChangeList):
    """Rows with what belongs to them, read for the whole page at once: as many queries however long it is."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found: Any = self.result_list  # type: ignore[has-type]  # Django sets it just above
        rows = list(found)
        self.model_admin.gather(rows)
        self.result_list = rows


class GatheredAdmin(HouseAdmin):
    """Rows that are shown with what others say of them."""

    def gather(self, rows: list[Any]) -> None:
        """Put on rows what their page shows beside their own columns."""
        raise NotImplementedError

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        del request, kwargs
        return GatheredList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.gather([row])
        return row


@admin.register(HashList)
class HashListAdmin(GatheredAdmin):
    """Lists, by name. Importing is a command: a file of hashes is too delicate, and too large, for a browser."""

    list_display = ("list_cell", "state_cell", "holds", "scope", "imported", "unreadable", "matched")
    list_display_links = ("list_cell",)
    list_before_template = "videos/admin/hash_lists.html"
    change_form_outer_after_template = "videos/admin/hash_list.html"
    fields = ("origin_cell", "state_cell", "alike", "holds", "scope", "unreadable", "matched", "created")
    readonly_fields = fields
    empty_title = "There is no list yet"
    empty_words = "What these lists hold is recognised when it is uploaded. What is blocked here joins the list “house” by itself."
    empty_next = NextStep("A list of others comes in by a command:", command=IMPORT_COMMAND)
    empty_icon = "playlist_add_check"

    def gather(self, rows: list[Any]) -> None:
        held, found = count_held(rows), count_found(rows)
        filled = latest_of_each(object_type="hash_list", object_ids=[one.pk for one in rows], verb=FILLED)
        names = name_actors(actor_in_rows(one) for one in filled.values())
        for one in rows:
            one.held, one.found, one.filled = held[one.pk], found[one.pk], filled.get(one.pk)
            one.filled_by = names.get(actor_in_rows(one.filled), "") if one.filled else ""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            _note_view(row.pk)  # what is on a list tells how to get past it
            context |= {
                "imports": list_imports(row),
                "entries": list_entries(row, may_see_extreme=_may_see_extreme(request)),
                "entry_count": row.held.entries,
                "matches_address": matches_address(list=row.pk),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @column("Name", has_subtitle=True)
    def list_cell(self, row: HashList) -> tuple[str, str]:
        return row.name, self.origin_cell(row)

    @column("Origin")
    def origin_cell(self, row: HashList) -> str:
        return "What is blocked here" if row.origin == HOUSE else "Imported"

    @column("A match")
    def state_cell(self, row: HashList) -> SafeString:
        if not row.enabled:
            return pill("Off", "plain")
        return pill("Holds", "wait") if row.action == HOLD else pill("Flags", "busy")

    @column("Alike")
    def alike(self, row: HashList) -> str:
        return (
            f"Pictures that differ in at most {row.within_bits} of 256 bits; "
            f"at least {row.least_share:.0%} of the video, or of the entry, must be found in the other"
        )

    @column("Entries")
    def holds(self, row: Any) -> SafeString:
        words = ", ".join(f"{count:,} {KIND_WORDS[kind]}" for kind, count in row.held.bans.items())
        return format_html(
            '<span class="gf-stack"><strong>{}</strong><small>{}</small></span>',
            f"{row.held.entries:,}",
            words or "empty",
        )

    @column("Looked for in")
    def scope(self, row: Any) -> str:
        alone = row.held.in_project
        if not alone:
            return "all projects"
        if alone == row.held.entries:
            return "one project each"
        return f"all projects; {alone:,} in one alone"

    @column("Imported")
    def imported(self, row: Any) -> SafeString | str:
        if row.filled is None:
            return NONE
        return format_html(
            '<span class="gf-stack">{}<small>by {}</small></span>', when(row.filled.at), row.filled_by
        )

    @column("Unreadable")
    def unreadable(self, row: Any) -> SafeString | str:
        return pill(f"{row.held.unreadable:,}", "bad") if row.held.unreadable else "none"

    @column("Recognised")
    def matched(self, row: Any) -> SafeString | str:
        if not row.found:
            return "never"
        words = ", ".join(f"{row.found[one]:,} {VERDICT_WORDS[one].lower()}" for one in row.found)
        return format_html(
            '<span class="gf-stack"><a class="gf-link" href="{}">{}</a><small>{}</small></span>',
            matches_address(list=row.pk),
            f"{sum(row.found.values()):,}",
            words,
        )

    @column("Made")
    def created(self, row: HashList) -> SafeString | str:
        return when(row.created_at)


@atomic
def _note_view(list_id: str) -> None:
    record("hash_list.viewed", object_type="hash_list", object_id=list_id)


def _may_see_extreme(request: HttpRequest) -> bool:
    return Power.SEE_EXTREME in reviewer_of_user(request.user).powers


class ListFilter(DropdownFilter):
    """Whose entry was recognised."""

    title = "list"
    parameter_name = "list"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return list(HashList.objects.values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        del request
        return queryset.filter(ban__hash_list=self.value()) if self.value() else queryset


class VerdictFilter(DropdownFilter):
    """What a person decided."""

    title = "verdict"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return [(one, VERDICT_WORDS[one]) for one in (PENDING, TRUE, FALSE)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        del request
        return queryset.filter(verdict=self.value()) if self.value() else queryset


class ProjectFilter(DropdownFilter):
    """In which project it was recognised; an id of one that is not offered can be searched for."""

    title = "project"
    parameter_name = "project"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        projects = Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS).order_by("name")
        return list(projects.values_list("pk", "name")[:MOST_PROJECTS])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        del request
        return queryset.filter(project_id=self.value()) if self.value() else queryset


@admin.register(FingerprintMatch)
class FingerprintMatchAdmin(GatheredAdmin):
    """Matches, the latest first. What they are, a person decides in their case."""

    list_display = (
        "at_cell",
        "video_cell",
        "recognised_as",
        "score",
        "verdict_cell",
        "case_cell",
        "project_cell",
    )
    list_display_links = ("at_cell",)
    list_filter = (VerdictFilter, ListFilter, ProjectFilter)
    list_filter_submit = True
    search_fields = ("pk",)
    search_help_text = "Exactly the id of a match, a video, a project or an entry of a list"
    fields = (
        "at_cell", "verdict_cell", "judged", "video_cell", "recognised_as", "score", "found_cell", "follows", "case_cell", "project_cell",
    )  # fmt: skip
    readonly_fields = fields
    empty_title = "Nothing was recognised"
    empty_words = "An upload that is the same as something blocked, or looks like it, shows here."
    empty_next = NextStep("There is nothing to do: every upload is compared by itself.")
    empty_icon = "fingerprint"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FingerprintMatch]:
        found = FingerprintMatch.objects.select_related("ban__hash_list").defer("ban__hashes", "ban__moments")
        found = found.order_by("-created_at", "-pk")
        if _may_see_extreme(request):
            return found
        extreme = Case.objects.filter(
            project=OuterRef("project_id"),
            subject_type=VIDEO,
            subject_id=OuterRef("video_id"),
            is_extreme=True,
        )
        return found.exclude(Exists(extreme))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        del request
        term = search_term.strip()
        if not term or "\0" in term:
            return queryset if not term else queryset.none(), False
        return queryset.filter(Q(pk=term) | Q(video_id=term) | Q(ban=term) | Q(project_id=term)), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": "Matches", **(extra_context or {})})

    def gather(self, rows: list[Any]) -> None:
        videos = Video.objects.in_bulk([one.video_id for one in rows])
        projects = Project.objects.in_bulk({one.project_id for one in rows})
        reports = Report.objects.filter(
            project__in=list(projects),
            subject_type=VIDEO,
            subject_id__in=[one.video_id for one in rows],
            match_id__in=[one.pk for one in rows],
        )
        cases = dict(reports.values_list("match_id", "case_id"))
        for one in rows:
            one.video, one.project = videos.get(one.video_id), projects.get(one.project_id)
            one.case_id = cases.get(one.pk)

    @column("When", ordering="created_at")
    def at_cell(self, row: FingerprintMatch) -> SafeString | str:
        return when(row.created_at)

    @column("Video")
    def video_cell(self, row: Any) -> SafeString | str:
        return video_link(row.video, row.video_id)

    @column("Recognised as")
    def recognised_as(self, row: FingerprintMatch) -> SafeString:
        ban = row.ban
        what = ban.reference or ban.video_id or f"{ban.digest[:12]}…"
        return format_html(
            '<span class="gf-stack"><strong>{}</strong><small>{}</small></span>', ban.hash_list.name, what
        )

    @column("Found")
    def score(self, row: FingerprintMatch) -> SafeString:
        words = score_in_words(row)
        return format_html('<span class="gf-words">{}</span>', words[0].upper() + words[1:])

    @column("Verdict")
    def verdict_cell(self, row: FingerprintMatch) -> SafeString:
        return verdict_pill(row.verdict)

    @column("Decided")
    def judged(self, row: FingerprintMatch) -> SafeString | str:
        return when(row.judged_at)

    @column("Case")
    def case_cell(self, row: Any) -> SafeString | str:
        if not row.case_id:
            return NONE
        return format_html(
            '<a class="gf-link" href="{}">{}</a>', page_of("videos_case_change", row.case_id), "Case"
        )

    @column("Project")
    def project_cell(self, row: Any) -> SafeString | str:
        return clipped(row.project.name if row.project else row.project_id)

    @column("How")
    def found_cell(self, row: FingerprintMatch) -> SafeString | str:
        kind = listed([row.kind.upper(), *([row.algorithm] if row.algorithm else [])])
        how = "in the library, after it was banned" if row.was_searched else "as it was uploaded"
        return format_html('<span class="gf-chips">{} {}</span>', kind, how)

    @column("What followed")
    def follows(self, row: FingerprintMatch) -> str:
        return "It was held at once" if row.action == HOLD else "It was flagged for review, and played on"
