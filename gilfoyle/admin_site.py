"""The admin: its site and its order."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig
from unfold.sites import UnfoldAdminSite


class GilfoyleAdminSite(UnfoldAdminSite):
    """Where administrators see what comes in, what goes wrong and what to do about it."""

    site_title = "Gilfoyle"
    site_header = "Gilfoyle"
    index_title = "Dashboard"


class GilfoyleAdminConfig(AdminConfig):
    default_site = "gilfoyle.admin_site.GilfoyleAdminSite"
