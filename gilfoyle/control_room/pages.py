"""The addresses of these pages, and who sees each. The admin's site has them among its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from gilfoyle.admin_dashboard import may_view
from gilfoyle.control_room import finding, machine, working

VIEW_STEPS = "processing.view_step"  # who sees commands and their output sees how the machine is set up, too

CHANGE_JOBS = "processing.change_job"  # the administrator's: the doctor's writing looks


def list_urls(site: AdminSite) -> list[URLPattern]:
    """Return the pages' addresses, to stand under the admin's."""

    def address(route: str, view: Callable[[AdminSite, HttpRequest], HttpResponse], name: str) -> URLPattern:
        wrapped: Any = site.admin_view(partial(view, site))
        made: URLPattern = path(route, wrapped, name=name)
        return made

    return [
        address("find/", find, "find"),
        address("work/", work, "work"),
        address("storage/", show_storage, "storage"),
        address("settings/", show_settings, "settings"),
        address("checks/", show_checks, "checks"),
    ]


def find(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Answer what is called so; an id leads straight to its page."""
    term = finding.clean_term(request.GET.get("q", ""))
    may = partial(may_view, request)
    if straight := finding.find_page(term, may):
        return HttpResponseRedirect(straight)
    if term.startswith(finding.KEY):
        term = finding.prefix_of(term)  # a key that was pasted whole is not shown again
    context = {
        **site.each_context(request),
        "title": "Find",
        "term": term,
        "is_asked": bool(term),
        "sections": finding.find_rows(term, may) if term else [],
        "further": finding.list_further(term, may) if term else [],
        "most_titles": finding.MOST_TITLES,
    }
    return TemplateResponse(request, "gilfoyle/admin/find.html", context)


def work(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Answer the part of the dashboard about work alone, which it asks for again and again."""
    del site
    if not may_view(request, VIEW_STEPS):
        raise PermissionDenied
    return TemplateResponse(request, "gilfoyle/admin/work_now.html", working.describe_now(timezone.now()))


def show_storage(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Answer what is stored, by project and kind, and what came in."""
    told = _operators_only(request, lambda: machine.describe_storage(timezone.now().date()))
    return _answer(site, request, "storage", "Storage", told)


def show_settings(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Answer the settings in force, secrets masked."""
    told = _operators_only(request, lambda: machine.describe_settings(os.environ))
    return _answer(site, request, "settings", "Settings", told)


def show_checks(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Answer what the doctor finds; a post lets it look at everything, which writes into stores and folders."""
    may_look = bool(request.user.has_perm(CHANGE_JOBS))
    is_whole = request.method == "POST"
    if is_whole and not may_look:
        raise PermissionDenied
    told = _operators_only(request, lambda: machine.describe_checks(os.environ, is_whole=is_whole))
    return _answer(site, request, "checks", "Checks", {**told, "may_look": may_look})


def _operators_only(request: HttpRequest, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Raises: PermissionDenied."""
    if not may_view(request, VIEW_STEPS):
        raise PermissionDenied
    return read()


def _answer(
    site: AdminSite, request: HttpRequest, name: str, title: str, told: dict[str, Any]
) -> HttpResponse:
    context = {**site.each_context(request), **told, "title": title}
    return TemplateResponse(request, f"gilfoyle/admin/{name}.html", context)
