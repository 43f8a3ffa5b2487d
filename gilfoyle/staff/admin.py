"""The accounts of staff in the admin: who has which role, and who may change whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import ReadOnlyPasswordHashWidget
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from gilfoyle.lib.admin import NextStep, column, in_words, is_grave, repeated
from gilfoyle.lib.admin_words import pill
from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.transactions import atomic
from gilfoyle.staff import services
from gilfoyle.staff.groups import ROLE_NAMES, role_in_words, with_roles
from gilfoyle.staff.models import StaffTotp
from gilfoyle.staff.roles import ROLES
from gilfoyle.staff.trail import by_themselves, note
from videos.audit.actors import Actor

admin.site.unregister(User)
admin.site.unregister(Group)
for one in (TOTPDevice, StaticDevice):  # the package would show secrets, and let one make devices for others
    if admin.site.is_registered(one):
        admin.site.unregister(one)
RIGHTS_FIELDS = {"is_active", "is_staff", "is_superuser", "groups", "user_permissions"}
ABOVE_ROLES = ("is_superuser", "user_permissions")


class PasswordSet(ReadOnlyPasswordHashWidget):
    """Tells that there is a password; Django would show parts of its hash."""

    template_name = "gilfoyle/admin/password_set.html"


class AdministratorForm(UserChangeForm):
    """A user's page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].widget = PasswordSet()


class NewAdministratorForm(UserCreationForm):
    """A new account: of staff always, for nobody else has one here."""

    role = forms.ChoiceField(
        choices=[("", "Choose one"), *((role.code, f"{role.name}: {role.words}") for role in ROLES)],
        widget=UnfoldAdminSelectWidget,
    )

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        self.instance.is_staff = True
        return super().save(commit)


class PasswordSetting(AdminPasswordChangeForm):
    """Another's new password, or none any more; saved with its entry or not at all."""

    @atomic
    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        user = super().save(commit)
        note("staff.password_set", user=user, is_usable=user.has_usable_password())
        return user


class AsksAgain(admin.ModelAdmin[Any]):
    """Rows that decide who may do what: to change one, the password must have been given lately."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        view = partial(super().changeform_view, request, *args, **kwargs)
        return self._told(request, partial(repeated, request, view))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        view = partial(super().delete_view, request, *args, **kwargs)
        return self._told(request, partial(repeated, request, view))

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        run = partial(super().changelist_view, request, *args, **kwargs)
        return self._told(request, run) if is_grave(self, request) else run()

    def _asked(self, request: HttpRequest) -> HttpResponse | None:
        site: Any = self.admin_site  # ours, which the package's types don't know
        asked: HttpResponse | None = site.ask_again(request) if request.method == "POST" else None
        return asked

    def _told(self, request: HttpRequest, answer: Callable[[], Any]) -> Any:
        """Answer what was sent, or ask first who sent it, or tell in words what was refused and undone."""
        asked = self._asked(request)
        if asked is not None:
            return asked
        try:
            return answer()
        except Refusal as refusal:
            messages.error(request, in_words(refusal))
            return redirect(request.path)


@admin.register(User)
class AdministratorAdmin(AsksAgain, UserAdmin[User], ModelAdmin):
    """The accounts. Who is no superuser can neither become one nor touch one."""

    form = AdministratorForm
    add_form = NewAdministratorForm
    add_fieldsets = ((None, {"fields": ("username", "role", "usable_password", "password1", "password2")}),)
    change_password_form = PasswordSetting
    list_fullwidth = True
    list_filter_submit = True
    list_display = ("username", "role", "second_factor", "state", "last_sign_in")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "email")
    sortable_by: ClassVar[Any] = ("username",)
    empty_words = "Who may sign in here, and what each may do."
    empty_next = NextStep("Add an account, and give it a role.", adds=True)
    empty_icon = "person"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        factors = StaffTotp.objects.filter(user=OuterRef("pk"), confirmed=True)
        return users.prefetch_related(with_roles()).annotate(has_factor=Exists(factors))

    @column("Role")
    def role(self, user: User) -> str:
        return role_in_words(user)

    @column("Second factor")
    def second_factor(self, user: Any) -> SafeString:
        return pill("Yes", "good") if user.has_factor else pill("No", "wait")

    @column("State")
    def state(self, user: User) -> SafeString:
        return pill("active") if user.is_active else pill("shut", "plain")

    @column("Last sign-in")
    def last_sign_in(self, user: User) -> str:
        return f"{user.last_login:%Y-%m-%d}" if user.last_login else "Never"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = (*super().get_readonly_fields(request, obj), "last_login", "date_joined")
        return fields if request.user.is_superuser else (*fields, *ABOVE_ROLES)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        services.lock_administrators()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_related(request, form, formsets, change)
        if not change:
            services.set_role(user=form.instance, role=services.get_role(code=form.cleaned_data["role"]))
            return
        services.require_an_administrator()
        changed = sorted(set(form.changed_data) & RIGHTS_FIELDS)
        if changed:
            note("staff.rights_changed", user=form.instance, by=_who(request), fields=changed)
            services.end_sessions(user=form.instance, but=request.session.session_key)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.lock_administrators()
        note("staff.deleted", user=obj, by=_who(request))
        super().delete_model(request, obj)
        services.require_an_administrator()

    @atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        services.lock_administrators()
        for user in queryset:
            note("staff.deleted", user=user, by=_who(request))
        super().delete_queryset(request, queryset)
        services.require_an_administrator()

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return repeated(request, partial(super().add_view, request, *args, **kwargs))

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        asked = self._asked(request)
        return asked if asked is not None else super().user_change_password(request, *args, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


def _who(request: HttpRequest) -> Actor:
    user: Any = request.user
    return by_themselves(user)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or request.user.is_superuser or not user.is_superuser


@admin.register(Group)
class AdministratorGroupAdmin(AsksAgain, GroupAdmin, ModelAdmin):
    """Django's groups. The four roles are what the table says, and stay so."""

    list_fullwidth = True
    empty_words = "The four roles stand here, beside groups with rights of your own."
    empty_next = NextStep(
        "The database lacks the roles; this command puts them back:", command="manage.py migrate"
    )
    empty_icon = "group"

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_role(obj)


def _is_role(group: Group | None) -> bool:
    return group is not None and group.name in ROLE_NAMES
