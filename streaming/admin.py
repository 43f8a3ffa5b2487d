"""Signing keys in the admin: who may sign playback tokens, and ending that. No secret is in any row."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from gilfoyle.lib.admin import HouseAdmin, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_words import clock, listed, pill, when
from streaming.models import SigningKey
from streaming.tokens.claims import Scope
from streaming.tokens.models import REVOKED
from streaming.tokens.services import revoke_key


@admin.register(SigningKey)
class SigningKeyAdmin(HouseAdmin):
    """Keys by id and project, read-only."""

    list_display = ("key_cell", "project_cell", "state_cell", "algorithm", "longest_life", "created")
    list_display_links = ("key_cell",)
    list_filter = (("state", ChoicesDropdownFilter), ("project", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("project",)
    search_fields = ("=id", "label")
    actions = ("revoke_selected",)
    page_actions = (PageAction("revoke", "Revoke", "block", "danger"),)
    fields = ("id", "label", "project_cell", "state_cell", "algorithm", "opens", "longest_life", "created")
    readonly_fields = fields
    empty_words = "The first playback token of a project makes its key by itself."
    empty_icon = "signature"

    @column("Key id", has_subtitle=True)
    def key_cell(self, key: SigningKey) -> tuple[str, str]:
        return key.pk, key.label

    @column("Project")
    def project_cell(self, key: SigningKey) -> SafeString:
        address = page_of("videos_project_change", key.project_id)
        return format_html('<a class="gf-link" href="{}">{}</a>', address, key.project.name)

    @column("State")
    def state_cell(self, key: SigningKey) -> SafeString:
        return pill(key.state)

    @column("Opens at most")
    def opens(self, key: SigningKey) -> SafeString | str:
        return listed((scope.name or "").lower() for scope in Scope(key.scope_mask))

    @column("Longest life of a token")
    def longest_life(self, key: SigningKey) -> str:
        return clock(key.max_ttl_s)

    @column("Created")
    def created(self, key: SigningKey) -> SafeString | str:
        return when(key.created_at)

    def offered_actions(self, request: HttpRequest, row: SigningKey) -> list[str]:
        del request
        return [] if row.state == REVOKED else ["revoke"]

    def do_revoke(self, request: HttpRequest, key: SigningKey) -> str:
        del request
        revoke_key(key_id=key.pk)
        return f"Key {key.pk} is revoked: every token that it signed ends within a second."

    @for_selected("Revoke (ends all tokens of the key)")
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[SigningKey]) -> None:
        self.run_for_each(request, queryset, lambda key: revoke_key(key_id=key.pk), done="revoked")
