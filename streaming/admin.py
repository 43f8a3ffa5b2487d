"""Signing keys in the admin: who may sign playback tokens, and ending that. No secret is in any row."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from gilfoyle.lib.admin import HouseAdmin, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_words import NONE, clock, listed, pill, when
from streaming.models import SigningKey
from streaming.tokens.claims import Scope
from streaming.tokens.forms import SigningKeyForm
from streaming.tokens.key_services import KeyChange, change_key, register_key, retire_key, revoke_key
from streaming.tokens.models import ACTIVE, RETIRING, REVOKED
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.audit.links import entries_link, may_read


@admin.register(SigningKey)
class SigningKeyAdmin(HouseAdmin):
    """Keys by id and project: looked at, made of a public key, wound up and ended."""

    list_display = (
        "key_cell",
        "project_cell",
        "state_cell",
        "signer",
        "algorithm",
        "longest_life",
        "created",
    )
    list_display_links = ("key_cell",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("algorithm", ChoicesDropdownFilter),
        ("project", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("project",)
    search_fields = ("=id", "label")
    autocomplete_fields = ("project",)
    actions = ("revoke_selected",)
    page_actions = (
        PageAction("resume", "Let it sign again", "play_arrow", "main"),
        PageAction("retire", "Retire", "hourglass_bottom"),
        PageAction("withdraw", "Withdraw tokens so far", "history", asks_again=True),
        PageAction("revoke", "Revoke", "block", "danger", asks_again=True),
    )
    add_fields = ("project", "label", "pem", "scopes", "max_ttl_s", "max_session_s")
    readonly_fields = (
        "id",
        "label",
        "project_cell",
        "state_cell",
        "signer",
        "algorithm",
        "opens",
        "longest_life",
        "longest_session",
        "retired",
        "withdrawn",
        "created",
        "public_key_cell",
    )
    empty_words = (
        "Playback tokens are signed with these. The first token of a project makes its key by itself."
    )
    empty_next = NextStep("Add one where an application of yours is to sign tokens itself.", adds=True)
    empty_icon = "signature"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self._may(request, "add")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningKey]:
        keys: QuerySet[SigningKey] = super().get_queryset(request)
        return keys.exclude(project__in=INTERNAL_PROJECT_IDS)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        form = ModelForm if obj else SigningKeyForm
        return super().get_form(request, obj, change, **{**kwargs, "form": form})

    def get_fieldsets(self, request: HttpRequest, obj: SigningKey | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": self.add_fields}),)
        fields = (*self.readonly_fields, *(("trail",) if may_read(request) else ()))
        return ((None, {"fields": fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: SigningKey | None = None) -> tuple[str, ...]:
        del request
        return (*self.readonly_fields, "trail") if obj else ()

    @column("What was done")
    def trail(self, key: SigningKey) -> SafeString:
        return entries_link("Entries of the audit", object_id=key.pk)

    def save_model(self, request: HttpRequest, obj: SigningKey, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        del request, change
        obj.pk = register_key(project=obj.project, new=form.new_key()).pk

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

    @column("Signed by")
    def signer(self, key: SigningKey) -> str:
        return "Gilfoyle" if key.is_own else "The consumer"

    @column("Opens at most")
    def opens(self, key: SigningKey) -> SafeString | str:
        return listed((scope.name or "").lower() for scope in Scope(key.scope_mask))

    @column("Longest life of a token")
    def longest_life(self, key: SigningKey) -> str:
        return clock(key.max_ttl_s)

    @column("Longest session")
    def longest_session(self, key: SigningKey) -> str:
        if key.is_own:
            return "As playback.max_session_s says"
        return (
            clock(key.max_session_s)
            if key.max_session_s
            else "None: its tokens are not exchanged for later ones"
        )

    @column("Retired")
    def retired(self, key: SigningKey) -> SafeString | str:
        return NONE if key.retired_at_s is None else when(datetime.fromtimestamp(key.retired_at_s, UTC))

    @column("Tokens withdrawn that were issued before")
    def withdrawn(self, key: SigningKey) -> SafeString | str:
        return when(datetime.fromtimestamp(key.min_issued_at_s, UTC)) if key.min_issued_at_s else NONE

    @column("Created")
    def created(self, key: SigningKey) -> SafeString | str:
        return when(key.created_at)

    @column("Public key")
    def public_key_cell(self, key: SigningKey) -> SafeString | str:
        if not key.public_key:
            return "None: its secret is derived from the root secret, and stands nowhere."
        return format_html('<div class="gf-command"><pre translate="no">{}</pre></div>', key.public_key)

    def offered_actions(self, request: HttpRequest, row: SigningKey) -> list[str]:
        del request
        if row.state == REVOKED:
            return []
        wound_up = ["resume"] if row.state == RETIRING and not row.is_own else []
        return [*wound_up, *(["retire"] if row.state == ACTIVE else []), "withdraw", "revoke"]

    def do_retire(self, request: HttpRequest, key: SigningKey) -> str:
        del request
        retire_key(key_id=key.pk, now_s=int(time.time()))
        return f"Key {key.pk} signs no more: its tokens count until they end, and none that is issued from now on."

    def do_resume(self, request: HttpRequest, key: SigningKey) -> str:
        del request
        change_key(key_id=key.pk, change=KeyChange(state=ACTIVE), now_s=int(time.time()))
        return f"Key {key.pk} signs again."

    def do_withdraw(self, request: HttpRequest, key: SigningKey) -> str:
        del request
        now_s = math.ceil(time.time())  # with all of this second
        change_key(key_id=key.pk, change=KeyChange(min_issued_at_s=now_s), now_s=now_s)
        return f"What key {key.pk} signed until now ends within a second; it goes on signing."

    def do_revoke(self, request: HttpRequest, key: SigningKey) -> str:
        del request
        revoke_key(key_id=key.pk)
        return f"Key {key.pk} is revoked: every token that it signed ends within a second."

    @for_selected("Revoke (ends all tokens of the key)", asks_again=True)
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[SigningKey]) -> None:
        self.run_for_each(request, queryset, lambda key: revoke_key(key_id=key.pk), done="revoked")
