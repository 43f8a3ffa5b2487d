"""A person's own new password. The old one that is asked for is a guess like any other: slowed down, and recorded."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse

from gilfoyle.lib.transactions import atomic
from gilfoyle.staff import tries
from gilfoyle.staff.sign_in import told_to_wait
from gilfoyle.staff.trail import by_themselves, note


class OwnPassword(PasswordChangeView):
    """The form of the old password and a new one."""

    template_name = "gilfoyle/staff/own_password.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # One count with the page that asks again: both guess at the same password, of whom is signed in.
        subject = tries.subject_of_confirming(request.user.pk)
        wait_s = tries.begin_try(subject)
        if wait_s:
            form = self.get_form_class()(request.user)
            return told_to_wait(self.render_to_response(self.get_context_data(form=form)), wait_s)
        self.subject = subject
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        if "old_password" in form.errors:
            note("staff.password_change_failed", user=form.user, by=by_themselves(form.user))
        else:  # only the new one was not good enough
            tries.forgive(self.subject)
        return super().form_invalid(form)

    def form_valid(self, form: Any) -> HttpResponse:
        tries.forgive(self.subject)
        return self._change(form)

    @atomic
    def _change(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        note("staff.password_changed", user=form.user, by=by_themselves(form.user))
        return answer
