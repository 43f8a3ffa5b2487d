"""The addresses of these pages, and who sees each. The admin's site has them among its own."""

from __future__ import annotations

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
from gilfoyle.control_room import finding, working

VIEW_STEPS = "processing.view_step"  # who sees commands and their output sees how the machine is set up, too


def list_urls(site: AdminSite) -> list[URLPattern]:
    """Return the pages' addresses, to stand under the admin's."""

    def address(route: str, view: Callable[[AdminSite, HttpRequest], HttpResponse], name: str) -> URLPattern:
        wrapped: Any = site.admin_view(partial(view, site))
        made: URLPattern = path(route, wrapped, name=name)
        return made

    return [address("find/", find, "find"), address("work/", work, "work")]


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
