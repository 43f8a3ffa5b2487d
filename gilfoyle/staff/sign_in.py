"""Signing in to the admin: password, then a code where there is a second factor. Wrong tries wait longer and longer.

Between the two nobody is signed in: the session only knows whose password was right, for a few minutes.
Who has to wait because others guess may give a code of the app beside name and password: it opens the way to the
password and nothing else. Wrong ones are counted nowhere, so it is no second factor: that is the next code.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth import get_user_model, login
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView
from django_otp.models import Device
from unfold.widgets import BASE_INPUT_CLASSES

from gilfoyle.staff import tries, two_factor
from gilfoyle.staff.delays import in_words
from gilfoyle.staff.models import StaffTotp
from gilfoyle.staff.trail import by_themselves, note

PENDING = "staff_pending"
PENDING_S = 300
BACKEND = "django.contrib.auth.backends.ModelBackend"
TOO_MANY_REQUESTS = 429


class SignIn(LoginView):
    """The form of name and password."""

    template_name = "gilfoyle/staff/sign_in.html"
    next_page = "admin:index"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        subject = tries.subject_of_name(request, request.POST.get("username", ""))
        wait_s = tries.begin_try(subject)
        self.shown: Device | None = None
        if wait_s:
            self.shown = two_factor.spend_code_of(_name_in(request), request.POST.get("code", ""))
            if self.shown is None:
                # Nothing is checked: a right password looks like a wrong one until then.
                return self._too_early(wait_s)
            # Whoever shows a code waits for their own wrong passwords alone.
            subject = tries.subject_of_shown_code(self.shown.user_id)
            wait_s = tries.begin_try(subject)
            if wait_s:
                return self._too_early(wait_s)
        self.subject = subject
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        # Looked up also where there is none, so that both take as long.
        user = User.objects.filter(username=_name_in(self.request)).first()
        note("staff.sign_in_failed", user=user, at="password")
        return super().form_invalid(form)

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        if (
            self.shown is not None and self.shown.user_id != user.pk
        ):  # two spellings of which one is another's
            form.add_error(None, form.get_invalid_login_error())
            return self.form_invalid(form)
        tries.forgive(self.subject)
        if two_factor.find_device(user) is None:
            return signed_in(self.request, user, self.get_success_url(), by="password")
        # Also where a code was shown: it could be guessed for as long as one likes, and the next one can't.
        begin_pending(self.request, user, is_code_spent=self.shown is not None)
        return redirect(f"{reverse('admin:sign_in_code')}?{urlencode({'next': self.get_success_url()})}")

    def _too_early(self, wait_s: int) -> HttpResponse:
        empty = self.get_form_class()(self.request)
        context = self.get_context_data(form=empty, code_form=_code_beside_password())
        return told_to_wait(self.render_to_response(context), wait_s)


def _name_in(request: HttpRequest) -> str:
    # PostgreSQL takes no NUL, which nobody's name has.
    return request.POST.get("username", "").replace("\0", "")[:150]


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        max_length=64,
        label="Code",
        widget=forms.TextInput(
            {
                "autocomplete": "one-time-code",
                "autocapitalize": "off",
                "spellcheck": "false",
                "autofocus": True,
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )


def _code_beside_password() -> CodeForm:
    """Return the field that stands outside of the form of name and password, and belongs to it."""
    form = CodeForm()
    form.fields["code"].required = False
    attrs = form.fields["code"].widget.attrs
    del attrs["autofocus"]
    attrs["form"] = "login-form"
    return form


@method_decorator([never_cache, csrf_protect, sensitive_post_parameters("code")], name="dispatch")
class CodePage(RedirectURLMixin, FormView):  # type: ignore[type-arg]  # takes no parameter at run time
    """The form of the second factor."""

    form_class = CodeForm
    template_name = "gilfoyle/staff/code.html"
    next_page = "admin:index"
    extra_context: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = pending_user(request)
        if user is None:
            return redirect(f"{reverse('admin:login')}?{urlencode({'next': self.get_success_url()})}")
        self.user = user
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        subject = tries.subject_of_code(self.user.pk)
        wait_s = tries.begin_try(subject)
        if wait_s:
            return told_to_wait(self.render_to_response(self.get_context_data(form=CodeForm())), wait_s)
        device = two_factor.check_code(self.user, form.cleaned_data["code"])
        if device is None:
            note("staff.sign_in_failed", user=self.user, at="code")
            form.add_error(
                "code",
                "This code is not right, or was used already. The app shows a new one every 30 seconds.",
            )
            return self.form_invalid(form)
        tries.forgive(subject)
        self.user.otp_device = device  # type: ignore[attr-defined]  # django-otp takes it into the session
        by = "app" if isinstance(device, StaffTotp) else "recovery code"
        return signed_in(self.request, self.user, self.get_success_url(), by=by)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_code_spent = self.request.session[PENDING].get("is_code_spent", False)
        more = {"login_address": reverse("admin:login"), "is_code_spent": is_code_spent}
        return super().get_context_data(**kwargs) | more


def told_to_wait(response: Any, wait_s: int) -> HttpResponse:
    """Make a page say that it is too early for the next try, and when it isn't."""
    response.status_code = TOO_MANY_REQUESTS
    response["Retry-After"] = str(wait_s)
    response.context_data["wait"] = in_words(wait_s)
    rendered: HttpResponse = response
    return rendered


def signed_in(request: HttpRequest, user: User, address: str, *, by: str) -> HttpResponse:
    """Sign a person in, in a session of a new key, and lead on."""
    request.session.flush()
    login(request, user, backend=BACKEND)
    note("staff.signed_in", user=user, by=by_themselves(user), last_proof=by)
    response = redirect(address)
    tries.remember_browser(request, response, user.get_username())
    return response


def begin_pending(request: HttpRequest, user: User, *, is_code_spent: bool = False) -> None:
    """Keep whose password was right; whoever was signed in here before is not any more.

    `is_code_spent`: a code of the app was shown beside the password, and only a later one is good.
    """
    request.session.flush()
    request.session[PENDING] = {
        "id": user.pk,
        "at_s": int(time.time()),
        "proof": _proof(user),
        "is_code_spent": is_code_spent,
    }


def pending_user(request: HttpRequest) -> User | None:
    """Return whose password was given here a moment ago; None where that is too long ago, or it holds no more."""
    kept = request.session.get(PENDING)
    if not kept or not 0 <= time.time() - kept["at_s"] + 1 < PENDING_S:
        return None
    user = get_user_model().objects.filter(pk=kept["id"], is_active=True, is_staff=True).first()
    return user if user is not None and constant_time_compare(kept["proof"], _proof(user)) else None


def _proof(user: User) -> str:
    """Return what changes with the password."""
    return salted_hmac("gilfoyle.staff.sign_in", user.get_session_auth_hash()).hexdigest()
