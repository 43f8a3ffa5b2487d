"""Asks for the password (and code) once more before what can't be undone, and then goes on with it.

The page that asks carries the form that was sent, and posts it to the same address: nothing is kept meanwhile, and
what is done is exactly what was asked.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.widgets import BASE_INPUT_CLASSES

from gilfoyle.staff import tries, two_factor
from gilfoyle.staff.freshness import is_fresh, note_confirmed
from gilfoyle.staff.sign_in import told_to_wait
from gilfoyle.staff.trail import by_themselves, note

PREFIX = "confirm"
IS_LOOK = f"{PREFIX}-is_look"  # what was asked for was a page, and nothing was sent
NOT_CARRIED = {"csrfmiddlewaretoken", IS_LOOK}
LOOK = " ".join(BASE_INPUT_CLASSES)


class ConfirmForm(forms.Form):
    """Password, and a code where there is a second factor."""

    prefix = PREFIX
    password = forms.CharField(
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput({"autocomplete": "current-password", "autofocus": True, "class": LOOK}),
    )
    code = forms.CharField(
        max_length=64,
        help_text="Of your authenticator app, or one of your recovery codes.",
        widget=forms.TextInput({"autocomplete": "one-time-code", "spellcheck": "false", "class": LOOK}),
    )

    def __init__(self, *args: Any, asks_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_code:
            del self.fields["code"]


def ask_again(site: AdminSite, request: HttpRequest) -> HttpResponse | None:
    """Return the page that asks who this is; None where that is known well enough, and the caller goes on.

    Call it before anything is done, and after it is known that the person may do it.
    """
    if is_fresh(request, within_s=settings.GILFOYLE.safety.staff_confirm_s):
        _take_off(request)
        return None
    asks_code = two_factor.standing_of(request).has_factor
    if f"{PREFIX}-password" not in request.POST:
        return _page(site, request, ConfirmForm(asks_code=asks_code))
    form = ConfirmForm(request.POST, asks_code=asks_code)
    if not form.is_valid():
        return _page(site, request, form)
    user: Any = request.user
    subject = tries.subject_of_confirming(user.pk)
    wait_s = tries.begin_try(subject)
    if wait_s:
        return told_to_wait(_page(site, request, ConfirmForm(asks_code=asks_code)), wait_s)
    if not _is_right(user, form):
        note("staff.confirmation_failed", user=user, by=by_themselves(user))
        words = "Password and code don't fit." if asks_code else "This is not your password."
        form.add_error(None, words)
        return _page(site, request, form)
    tries.forgive(subject)
    note_confirmed(request)
    is_look = IS_LOOK in request.POST
    _take_off(request)
    return redirect(request.get_full_path()) if is_look else None


def _is_right(user: User, form: ConfirmForm) -> bool:
    """Check both, whatever the first says, so that neither is learnt without the other; no code is spent in vain."""
    if not user.check_password(form.cleaned_data["password"]):
        return False
    return "code" not in form.fields or two_factor.check_code(user, form.cleaned_data["code"]) is not None


def _take_off(request: HttpRequest) -> None:
    """Leave of what was sent only what the view below knows."""
    if any(name.startswith(f"{PREFIX}-") for name in request.POST):
        kept = request.POST.copy()
        for name in list(kept):
            if name.startswith(f"{PREFIX}-"):
                del kept[name]
        request.POST = kept  # type: ignore[assignment]  # it has been read


def _page(site: AdminSite, request: HttpRequest, form: ConfirmForm) -> TemplateResponse:
    carried = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_CARRIED and not name.startswith(f"{PREFIX}-")
        for value in values
    ]
    context = {
        **site.each_context(request),
        "title": "Confirm that it is you",
        "form": form,
        "carried": carried,
        "address": request.get_full_path(),
        "is_look": request.method != "POST" or IS_LOOK in request.POST,
        "look_name": IS_LOOK,
    }
    response = TemplateResponse(request, "gilfoyle/staff/confirm.html", context)
    response["Cache-Control"] = "no-store"
    return response
