"""The admin: its site, who gets in, and what it answers when it can't answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from gilfoyle.staff.confirming import ask_again
from gilfoyle.staff.factor_page import factor_page
from gilfoyle.staff.freshness import is_over
from gilfoyle.staff.own_password import OwnPassword
from gilfoyle.staff.sign_in import CodePage, SignIn
from gilfoyle.staff.tries import introduce_browser
from gilfoyle.staff.two_factor import standing_of

Guarded = TypeVar("Guarded", bound=HttpResponseBase)
# What a page of the admin may load and do. `unsafe-eval` is for the theme's Alpine, which evaluates its attributes, and
# inline styles for its colours; scripts in the page itself, other hosts and frames around it are out.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def with_policy(response: Guarded) -> Guarded:
    """Put the admin's policy on an answer that has none of its own."""
    response.setdefault("Content-Security-Policy", POLICY)
    return response


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
            if self.has_permission(request) and standing_of(request).must_make_one and not _is_open(request):
                return redirect("admin:two_factor")
            if request.method == "POST" and _has_nul(request):
                words = "What was sent has a character that no text has (NUL). Type it again, rather than paste it."
                return self.explain(request, 400, "That can't be read", words)
            try:
                return with_policy(inner(request, *args, **kwargs))
            except Http404:
                return self.explain(request, 404, "There is nothing here", "It may have been deleted.")
            except PermissionDenied:
                return self.explain(
                    request, 403, "You may not do this", "Ask an administrator for the permission."
                )

        return answer

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in staff whose session is young enough and, where they have a second factor, has seen it."""
        if not super().has_permission(request) or is_over(request):
            return False
        standing = standing_of(request)
        return standing.is_verified or not standing.has_factor

    def extra_urls(self) -> list[URLPattern]:
        """Return the addresses that are the site's own; the theme asks for them."""
        from gilfoyle.control_room.pages import list_urls  # noqa: PLC0415 - this module is there before the apps are

        return [
            *list_urls(self),
            path("login/code/", self.sign_in_code, name="sign_in_code"),
            path("login/let-in/<str:introduction>/", self.let_in, name="let_in"),
            path("two-factor/", self.admin_view(partial(factor_page, self)), name="two_factor"),
        ]

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        """Answer the form of name and password."""
        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        page = SignIn.as_view(
            authentication_form=self.login_form,
            extra_context={**self._outside(request, "Log in"), **(extra_context or {})},
        )
        return with_policy(page(request))

    def sign_in_code(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the form of the second factor."""
        return with_policy(CodePage.as_view(extra_context=self._outside(request, "Second factor"))(request))

    def let_in(self, request: HttpRequest, introduction: str) -> HttpResponse:
        """Make a browser known by what `manage.py staff let_in` printed, and lead to the form; others just there."""
        del request
        response = redirect("admin:login")
        introduce_browser(response, introduction)
        response["Cache-Control"] = "no-store"
        return with_policy(response)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Answer the form of one's own new password."""
        request.current_app = self.name  # as Django's own views of the admin do
        page = OwnPassword.as_view(
            form_class=AdminOwnPasswordChangeForm,
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return page(request)

    def _outside(self, request: HttpRequest, title: str) -> dict[str, Any]:
        request.current_app = self.name  # as Django's own views of the admin do
        return {
            **self.each_context(request),
            "title": title,
            "subtitle": None,
            "app_path": request.get_full_path(),
        }

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add to the context of every page whether a second factor is to be recommended."""
        context: dict[str, Any] = super().each_context(request)
        is_lacking = self.has_permission(request) and not standing_of(request).has_factor
        return {**context, "lacks_second_factor": is_lacking}

    def ask_again(self, request: HttpRequest) -> HttpResponse | None:
        """Return the page that asks who this is before what can't be undone; None where the caller may go on."""
        return ask_again(self, request)

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """Lead to the dashboard: the navigation is by subject, not by Django's apps."""
        del request, app_label, extra_context
        return redirect("admin:index")

    def explain(self, request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
        """Answer a page that says in words why there is no other."""
        context = {**self.each_context(request), "title": title, "words": words, "status": status}
        # Who is not signed in is shown nothing that stands around the pages.
        name = "explained" if self.has_permission(request) else "explained_outside"
        answer = TemplateResponse(request, f"gilfoyle/admin/{name}.html", context, status=status)
        return with_policy(answer.render())


def _is_open(request: HttpRequest) -> bool:
    """Tell whether an address is for those too who have yet to make a second factor."""
    match = request.resolver_match
    return match is not None and match.url_name in {"two_factor", "logout"}


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose protection against forgery does not match (only the admin has such forms)."""
    del reason  # of use to attackers more than to people
    if not request.path.startswith(reverse("admin:index")):
        from gilfoyle.lib.problems import forbidden_page  # noqa: PLC0415 - this module is there before the apps are

        return forbidden_page(request)
    site = admin.site
    if not isinstance(site, GilfoyleAdminSite):
        raise TypeError
    return site.explain(
        request,
        403,
        "This form has expired",
        "Go back, load the page again, and send it once more. Cookies must be allowed.",
    )


def _has_nul(request: HttpRequest) -> bool:
    """Tell whether a field of a form has a character that PostgreSQL refuses, wherever it would end up."""
    return any("\0" in name or any("\0" in one for one in values) for name, values in request.POST.lists())
