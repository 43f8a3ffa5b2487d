"""The audit in the admin: read, filtered, never changed; and whether the chain was found whole."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateFilter

from gilfoyle.lib.admin import HouseAdmin, NextStep, column, page_of
from gilfoyle.lib.admin_words import NONE, when
from videos.audit import actors
from videos.audit.chain import in_words
from videos.audit.links import entries_link
from videos.audit.models import ONLY_ROW, AuditCheck, AuditEntry, AuditHead
from videos.audit.selectors import list_verbs

# What verbs begin with. A list of all verbs would have to be counted out of a million rows.
SUBJECTS = (
    ("video", "Videos"),
    ("case", "Cases"),
    ("report", "Reports"),
    ("restriction", "Restrictions"),
    ("hash_list", "Hash lists"),
    ("match", "Matches"),
    ("creator", "Creators"),
    ("project", "Projects"),
    ("api_key", "API keys"),
    ("signing_key", "Signing keys"),
    ("playback", "Playback"),
    ("upload_address", "Upload addresses"),
    ("staff", "Staff"),
    ("group", "Groups"),
    ("settings", "Settings"),
    ("audit", "The audit itself"),
)
PAGES = {
    "video": "videos_video_change",
    "project": "videos_project_change",
    "api_key": "videos_apikey_change",
    "key": "streaming_signingkey_change",
    "signing_key": "streaming_signingkey_change",
    "upload_address": "videos_uploadgrant_change",
    "staff": "auth_user_change",
    "group": "auth_group_change",
    "case": "videos_case_change",
    "hash_list": "videos_hashlist_change",
    "match": "videos_fingerprintmatch_change",
}
ACTOR_WORDS = {"staff": "Staff", "api_key": "API key", "operator": "Operator", "system": "Gilfoyle"}
ACTOR_PAGES = {"staff": "auth_user_change", "api_key": "videos_apikey_change"}


class SubjectFilter(DropdownFilter):
    """What was done to."""

    title = "Subject"
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        del request, model_admin
        return SUBJECTS

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        del request
        subject = self.value()
        return queryset.filter(verb__in=list_verbs(f"{subject}.")) if subject in dict(SUBJECTS) else queryset


class TimeFilter(RangeDateFilter):
    """Whole days, both ends included."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        del request
        first, last = (_day(self.used_parameters.get(f"at_{end}")) for end in ("from", "to"))
        if first is not None:
            queryset = queryset.filter(at__gte=first)
        return queryset if last is None else queryset.filter(at__lt=last + timedelta(days=1))


def _day(text: str | None) -> datetime | None:
    try:
        day = parse_date(text or "")
    except ValueError:  # well-formed, but no day: 2026-02-30
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


@admin.register(AuditEntry)
class AuditEntryAdmin(HouseAdmin):
    """Entries, latest first."""

    list_display = ("at_cell", "verb_cell", "actor_cell", "object_cell", "project_cell", "told", "place")
    list_display_links = ("at_cell",)
    list_filter = (SubjectFilter, ("actor_kind", ChoicesDropdownFilter), ("at", TimeFilter))
    list_filter_submit = True
    search_fields = ("object_id",)
    search_help_text = "Exactly an id of what it was done to, of a project or of whoever did it, or a verb"
    list_before_template = "videos/admin/audit_state.html"
    readonly_fields = (
        "place", "at_cell", "exactly", "verb_cell", "actor_cell", "object_cell", "project_cell", "data_cell", "personal_cell", "chain_cell",
    )  # fmt: skip
    fields = readonly_fields
    empty_title = "Nothing was recorded"
    empty_words = "Who did what, and who of the staff looked at which video, is told here."
    empty_next = NextStep("There is nothing to do: entries are written by themselves, and kept as they are.")
    empty_icon = "history_edu"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        del request
        term = search_term.strip()
        if not term or "\0" in term:
            return (queryset.none() if term else queryset), False
        # To the letter, and each as an index begins.
        by = Q(actor_kind__in=actors.KINDS, actor_id=term)
        return queryset.filter(Q(object_id=term) | Q(project_id=term) | by | Q(verb=term)), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "chain": describe_chain()})

    @column("When", ordering="id")
    def at_cell(self, entry: AuditEntry) -> SafeString | str:
        return when(entry.at)

    @column("Number")
    def place(self, entry: AuditEntry) -> str:
        return "Not linked yet" if entry.seq is None else f"{entry.seq:,}"

    @column("Exactly")
    def exactly(self, entry: AuditEntry) -> str:
        return in_words(entry.at)

    @column("Verb")
    def verb_cell(self, entry: AuditEntry) -> str:
        return entry.verb

    @column("By")
    def actor_cell(self, entry: AuditEntry) -> SafeString | str:
        words = ACTOR_WORDS.get(entry.actor_kind, entry.actor_kind)
        return _linked(f"{words} {entry.actor_id}".strip(), ACTOR_PAGES.get(entry.actor_kind), entry.actor_id)

    @column("What")
    def object_cell(self, entry: AuditEntry) -> SafeString | str:
        words = entry.object_id or entry.object_type.replace("_", " ")
        return _linked(words, PAGES.get(entry.object_type), entry.object_id)

    @column("Project")
    def project_cell(self, entry: AuditEntry) -> SafeString | str:
        return _linked(entry.project_id, PAGES["project"], entry.project_id) if entry.project_id else NONE

    @column("Told")
    def told(self, entry: AuditEntry) -> SafeString | str:
        text = ", ".join(f"{name}: {_short(value)}" for name, value in dict(entry.data).items())
        return (
            format_html('<span class="gf-clip gf-clip-wide" title="{}">{}</span>', text, text)
            if text
            else NONE
        )

    @column("Data")
    def data_cell(self, entry: AuditEntry) -> SafeString | str:
        if not entry.data:
            return NONE
        text = json.dumps(entry.data, indent=2, ensure_ascii=False)
        return format_html('<div class="gf-command"><pre translate="no">{}</pre></div>', text)

    @column("Personal part")
    def personal_cell(self, entry: AuditEntry) -> str:
        if not entry.personal_commitment:
            return NONE
        return "Kept, encrypted" if hasattr(entry, "personal") else "Erased; the proof of it stays"

    @column("In the chain")
    def chain_cell(self, entry: AuditEntry) -> SafeString | str:
        if entry.seq is None:
            return NONE
        text = f"previous {entry.prev_hash}\nthis     {entry.hash}"
        return format_html('<div class="gf-command"><pre translate="no">{}</pre></div>', text)

    def get_fields(self, request: HttpRequest, obj: AuditEntry | None = None) -> tuple[str, ...]:
        del request, obj
        return (*self.readonly_fields, "more")

    def get_readonly_fields(self, request: HttpRequest, obj: AuditEntry | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj)

    @column("More")
    def more(self, entry: AuditEntry) -> SafeString:
        ways = [entries_link("All by the same", actor_kind=entry.actor_kind, actor_id=entry.actor_id)]
        if entry.object_id:
            ways.append(entries_link("All about the same", object_id=entry.object_id))
        return format_html("{} &middot; {}", *ways) if len(ways) > 1 else ways[0]


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _linked(words: str, page: str | None, row_id: str) -> SafeString | str:
    """Return words that lead to a row's page, where there is such a page; the row itself may be gone."""
    if not page or not row_id:
        return words
    try:
        address = page_of(page, row_id)
    except NoReverseMatch:
        return words
    return format_html('<a class="gf-link gf-clip" href="{}" title="{}">{}</a>', address, words, words)


def describe_chain() -> dict[str, Any]:
    """Return what is known of the chain, in words."""
    check, head = (
        AuditCheck.objects.filter(pk=ONLY_ROW).first(),
        AuditHead.objects.filter(pk=ONLY_ROW).first(),
    )
    length = head.seq if head else 0
    if check is None or check.verified_at is None:
        return {
            "tone": "wait",
            "title": "The chain was not verified yet",
            "at": None,
            "words": _length(length),
        }
    if check.findings:
        title = f"The chain is not whole: {check.findings:,} found"
        return {"tone": "bad", "title": title, "at": when(check.verified_at), "words": check.first_finding}
    words = f"Up to entry {check.verified_seq:,} of {max(length, check.verified_seq):,}."
    return {"tone": "good", "title": "The chain is whole", "at": when(check.verified_at), "words": words}


def _length(length: int) -> str:
    return f"It has {length:,} entries. The scheduler verifies it once a day; manage.py audit verify does it now."
