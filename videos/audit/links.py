"""Ways from the pages of other rows to what the audit tells of them, for those who may read it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

VIEW = "videos.view_auditentry"


def may_read(request: HttpRequest) -> bool:
    """Tell whether this administrator may read the audit."""
    return bool(request.user.has_perm(VIEW))


def entries_address(**columns: str) -> str:
    """Return the address of the entries that have these values, such as `object_id`."""
    return f"{reverse('admin:videos_auditentry_changelist')}?{urlencode(columns)}"


def entries_link(words: str, **columns: str) -> SafeString:
    """Return a link to the entries that have these values."""
    return format_html('<a class="gf-link" href="{}">{}</a>', entries_address(**columns), words)
