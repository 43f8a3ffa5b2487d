"""A person's own second factor: made by scanning a code, replaced, given new recovery codes, switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django_otp import login as take_into_session

from gilfoyle.staff import services, tries, two_factor
from gilfoyle.staff.confirming import ask_again
from gilfoyle.staff.sign_in import CodeForm, told_to_wait
from gilfoyle.staff.trail import by_themselves, note

ADDRESS = "admin:two_factor"


def factor_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show how one stands, or do what a button of the page says; all but looking asks who it is."""
    standing = two_factor.standing_of(request)
    if standing.has_factor and request.method != "POST" and "new" not in request.GET:
        return _page(site, request, {"codes_left": two_factor.count_recovery_codes(_user(request))})
    asked = ask_again(site, request)
    if asked is not None:
        return asked
    doings: dict[str, Callable[[AdminSite, HttpRequest], HttpResponse]] = {
        "codes": _new_codes,
        "off": _switch_off,
    }
    do = doings.get(request.POST.get("do", "")) if standing.has_factor else None
    return do(site, request) if do else _set_up(site, request)


def _set_up(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = CodeForm(request.POST if "code" in request.POST else None)
    if form.is_bound and form.is_valid():
        subject = tries.subject_of_code(user.pk)
        wait_s = tries.begin_try(subject)
        if wait_s:
            return told_to_wait(_set_up_page(site, request, CodeForm()), wait_s)
        made = two_factor.put_in_force(user, form.cleaned_data["code"])
        if made is not None:
            device, codes = made
            tries.forgive(subject)
            request.session.cycle_key()
            take_into_session(request, device)
            services.end_sessions(user=user, but=request.session.session_key)
            note("staff.two_factor_made", user=user, by=by_themselves(user))
            return _codes_page(site, request, codes, "Your second factor is in force")
        form.add_error("code", "This is not the code that the app shows now.")
    return _set_up_page(site, request, form)


def _set_up_page(site: AdminSite, request: HttpRequest, form: CodeForm) -> TemplateResponse:
    device = two_factor.begin_device(_user(request))
    return _page(
        site,
        request,
        {
            "form": form,
            "secret": two_factor.secret_in_words(device),
            "picture": mark_safe(two_factor.qr_code(device)),  # noqa: S308 - segno's own SVG, of letters and numbers
        },
    )


def _new_codes(site: AdminSite, request: HttpRequest) -> HttpResponse:
    codes = two_factor.make_recovery_codes(_user(request))
    _note("staff.recovery_codes_made", request)
    return _codes_page(site, request, codes, "New recovery codes")


def _codes_page(site: AdminSite, request: HttpRequest, codes: list[str], title: str) -> HttpResponse:
    return _page(site, request, {"title": title, "codes": codes})


def _switch_off(_site: AdminSite, request: HttpRequest) -> HttpResponse:
    if two_factor.is_required(settings.GILFOYLE):
        messages.error(request, "A second factor is required here. Set up another app instead.")
        return redirect(ADDRESS)
    two_factor.remove_all(_user(request))
    _note("staff.two_factor_removed", request)
    messages.success(request, "Your second factor is off: from now on the password alone is asked for.")
    return redirect(ADDRESS)


def _page(site: AdminSite, request: HttpRequest, more: dict[str, Any]) -> TemplateResponse:
    context = {
        **site.each_context(request),
        "title": "Second factor",
        "is_required": two_factor.is_required(settings.GILFOYLE),
        "standing": two_factor.standing_of(request),
        **more,
    }
    response = TemplateResponse(request, "gilfoyle/staff/two_factor.html", context)
    response["Cache-Control"] = "no-store"  # secrets and codes stand on it
    return response


def _note(verb: str, request: HttpRequest) -> None:
    user = _user(request)
    note(verb, user=user, by=by_themselves(user))


def _user(request: HttpRequest) -> Any:
    return request.user
