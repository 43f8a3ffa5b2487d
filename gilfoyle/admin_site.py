"""The admin: its site, and what it answers when it can't answer. It knows no rows, for Django loads it before them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.sites import UnfoldAdminSite


class GilfoyleAdminSite(UnfoldAdminSite):
    """Where administrators see what comes in, what goes wrong and what to do about it."""

    site_title = "Gilfoyle"
    site_header = "Gilfoyle"
    index_title = "Dashboard"
    index_template = "gilfoyle/admin/dashboard.html"

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002 - Django's signature
        """Wrap a view as Django does, and answer its refusals as pages of the admin."""
        inner: Callable[..., Any] = super().admin_view(view, cacheable)

        @wraps(inner)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                return inner(request, *args, **kwargs)
            except Http404:
                return self.explain(request, 404, "There is nothing here", "It may have been deleted.")
            except PermissionDenied:
                return self.explain(
                    request, 403, "You may not do this", "Ask an administrator for the permission."
                )

        return answer

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """Lead to the dashboard: the navigation is by subject, not by Django's apps."""
        del request, app_label, extra_context
        return redirect("admin:index")

    def explain(self, request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
        """Answer a page that says in words why there is no other."""
        context = {**self.each_context(request), "title": title, "words": words, "status": status}
        return TemplateResponse(request, "gilfoyle/admin/explained.html", context, status=status).render()


class GilfoyleAdminConfig(AdminConfig):
    default_site = "gilfoyle.admin_site.GilfoyleAdminSite"


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose protection against forgery does not match (only the admin has such forms)."""
    del reason  # of use to attackers more than to people
    site = admin.site
    if not isinstance(site, GilfoyleAdminSite):
        raise TypeError
    return site.explain(
        request,
        403,
        "This form has expired",
        "Go back, load the page again, and send it once more. Cookies must be allowed.",
    )
