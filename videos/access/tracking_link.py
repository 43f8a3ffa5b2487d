"""The way from the pages of projects, keys and creators to their figures. The page itself is a room above."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def tracking_address(*, project_id: str, target_type: str, target_id: str) -> str:
    """Return the address of the figures of a project, an API key or a creator."""
    # As a query: a creator's id is the consumer's own, and may hold anything.
    asked = {"project": project_id, target_type: target_id}
    return f"{reverse('admin:videos_dailyuse_subject')}?{urlencode(asked)}"


def tracking_link(*, project_id: str, target_type: str, target_id: str) -> SafeString:
    """Return the same as a link."""
    address = tracking_address(project_id=project_id, target_type=target_type, target_id=target_id)
    return format_html(
        '<a class="gf-link" href="{}">{}</a>', address, "Figures by day, and what changed when"
    )
