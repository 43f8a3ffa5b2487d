"""The upload page: a widget for one upload address, to be linked to or to stand in an iframe of the allowed sites."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from gilfoyle.lib.errors import Refusal
from videos.uploads.cors import ANY
from videos.uploads.errors import GrantInvalid
from videos.uploads.grant_state import describe_to_holder, require_tellable
from videos.uploads.grants import read_grant
from videos.uploads.kinds import ALL_ENDINGS, allowed_kinds, file_dialogue, in_words
from videos.uploads.models import UploadGrant
from videos.uploads.permits import find_grant

SCRIPT = "videos/vendor/tus.min.js"
THEMES = ("light", "dark")
PERMISSIONS = "camera=(), microphone=(), geolocation=(), display-capture=()"


@require_safe
@xframe_options_exempt
def upload_page(request: HttpRequest, token: str) -> HttpResponse:
    """Answer the page, or one that says in words why there is none."""
    theme = request.GET.get("theme", "")  # for pages around it that have one of their own
    grant_id = read_grant(token, root_secret=settings.GILFOYLE_ROOT_SECRET)
    grant = find_grant(grant_id) if grant_id else None
    try:
        if grant is None:
            message = "This upload address is not valid."
            raise GrantInvalid(message, hint="Ask for another one.")
        require_tellable(grant, settings.GILFOYLE)
        template, status = "videos/upload.html", 200
        context = {"page": describe_page(grant, token), "script": SCRIPT if finders.find(SCRIPT) else ""}
    except Refusal as refusal:
        template, status = "videos/upload_refused.html", refusal.http_status
        # Of the video it says nothing; who may hear that it is over stands in its policy, too.
        origins = " ".join(grant.allowed_origins) if grant else ""
        context = {"title": refusal.message, "hint": refusal.hint, "origins": origins}
    context["theme"] = theme if theme in THEMES else ""
    # Without the request the template knows no session: the page sets no cookie.
    answer = HttpResponse(render_to_string(template, context), status=status)
    answer["Content-Security-Policy"] = content_security_policy(grant.allowed_origins if grant else [])
    answer["Permissions-Policy"] = PERMISSIONS
    answer["Referrer-Policy"] = "no-referrer"  # the address itself is the secret
    answer["X-Content-Type-Options"] = "nosniff"
    answer["X-Robots-Tag"] = "noindex"
    answer["Cache-Control"] = "no-store"
    return answer


def describe_page(grant: UploadGrant, token: str) -> dict[str, Any]:
    """Return the page's facts for its template."""
    state = describe_to_holder(grant, settings.GILFOYLE)
    kinds = allowed_kinds(state["containers"], settings.GILFOYLE.upload.containers)
    return {
        **state,
        "endpoint": f"/api/v1/uploads/tus/{token}",
        "origins": " ".join(grant.allowed_origins),
        "kinds": in_words(kinds),
        "accept": file_dialogue(kinds),
        "endings": " ".join(ending for kind in kinds for ending in kind.endings),
        "other_endings": " ".join(set(ALL_ENDINGS) - {ending for kind in kinds for ending in kind.endings}),
        "duration": duration_in_words(state["max_duration_s"]),
    }


def duration_in_words(duration_s: float) -> str:
    """Return a limit as "1 hour 30 minutes"."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n) or "0 seconds"


def content_security_policy(allowed_origins: list[str]) -> str:
    """Return the page's policy: everything from here, framed by the origins that its address allows."""
    ancestors = ANY if ANY in allowed_origins else " ".join(["'self'", *allowed_origins])
    # blob: how long a film is, is read from the file itself before it is sent.
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {ancestors}"
    )
