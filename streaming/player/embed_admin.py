"""The page of the admin that makes a snippet for a web page: a player with a token of a chosen life, for chosen sites."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from gilfoyle.lib.admin import HouseAdmin
from gilfoyle.lib.admin_words import when
from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.origins_form_field import OriginsField
from streaming.addresses import embed_path
from streaming.player.snippet import iframe_html, plan_size
from streaming.tokens.claims import MAX_ORIGINS
from streaming.tokens.granting import playable_policy
from streaming.tokens.services import MintedToken, TokenWish, mint_token, token_limits
from videos.catalog.models import Video
from videos.catalog.selectors import PlaybackPolicy
from videos.catalog.trail import note_view

log = structlog.get_logger(__name__)
LIFETIMES = (
    (3600, "1 hour"),
    (4 * 3600, "4 hours"),
    (12 * 3600, "12 hours"),
    (24 * 3600, "1 day"),
    (7 * 24 * 3600, "1 week"),
)


class EmbedForm(forms.Form):
    """For how long a snippet plays, and where."""

    ttl_s = forms.TypedChoiceField(coerce=int, label="Plays for", widget=UnfoldAdminSelectWidget)
    origins = OriginsField(
        most=MAX_ORIGINS,
        required=False,
        label="Web sites",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Origins such as https://www.example.org, one a line, that may show the player. Empty: any site.",
    )

    def __init__(self, *args: Any, longest_s: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [(life_s, words) for life_s, words in LIFETIMES if life_s <= longest_s]
        ttl_s: Any = self.fields["ttl_s"]
        ttl_s.choices = fitting or [(longest_s, f"{longest_s // 60} minutes")]


class WithEmbed(HouseAdmin):
    """Gives videos a page that makes a snippet for web pages."""

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/embed/", self.admin_site.admin_view(self.embed_view), name="videos_video_embed"
        )
        return [address, *super().get_urls()]

    def embed_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for how long and where; answer the snippet, once, to whoever may change the video."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        video = self.get_object(request, unquote(object_id))
        if video is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        try:
            policy = playable_policy(video.pk)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(self.change_url(video))
        longest_s = settings.GILFOYLE.playback.max_ttl_s
        form = EmbedForm(request.POST if request.method == "POST" else None, longest_s=longest_s)
        made = self._give(request, video, policy, form) if form.is_valid() else {}
        context = {
            **self.admin_site.each_context(request),
            "title": f"Embed “{video}”",
            "opts": self.opts,
            "original": video,
            "video": video,
            "form": form,
            **made,
        }
        response = TemplateResponse(request, "streaming/admin/embed.html", context)
        response["Cache-Control"] = "no-store"  # the token is on it
        return response

    def _give(
        self, request: HttpRequest, video: Video, policy: PlaybackPolicy, form: EmbedForm
    ) -> dict[str, Any]:
        given = form.cleaned_data
        origins = tuple(given["origins"])
        token = give_token(policy, TokenWish(ttl_s=given["ttl_s"], origins=origins), now=timezone.now())
        where = ", ".join(origins) or "any site"
        until = f"{token.expires_at:%Y-%m-%d %H:%M} UTC"
        self.log_change(request, video, f"Made a snippet that plays until {until} on {where}.")
        note_view(video, shows="snippet")
        log.info("snippet made", video_id=video.pk, administrator=request.user.pk, ttl_s=given["ttl_s"])
        page = embed_path(token.text, policy.project_id, policy.video_id, origins)
        address = settings.GILFOYLE.public_url + page
        picture = (video.width, video.height) if video.width and video.height else None
        return {
            "snippet": iframe_html(address, policy.title, plan_size(picture)),
            "embed_url": address,
            "preview": page,
            "ends": when(token.expires_at),
            "where": where,
        }


def give_token(policy: PlaybackPolicy, wish: TokenWish, *, now: datetime) -> MintedToken:
    """Sign a token for a viewer, as the API does."""
    return mint_token(
        project_id=policy.project_id,
        video_id=policy.video_id,
        duration_s=policy.duration_s,
        wish=wish,
        limits=token_limits(settings.GILFOYLE.playback),
        root_secret=settings.GILFOYLE_ROOT_SECRET,
        now=now,
    )
