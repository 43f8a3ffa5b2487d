"""What is done with accounts of staff: made, given a role, shut. The command and the admin call this alike."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from gilfoyle.staff import two_factor
from gilfoyle.staff.errors import LastAdministrator, NameTaken, NameUnusable, RoleUnknown, StaffNotFound
from gilfoyle.staff.groups import ROLE_NAMES, with_roles
from gilfoyle.staff.outside import told_by_caller
from gilfoyle.staff.roles import ADMINISTRATOR, ROLES, Role, find_role
from gilfoyle.staff.trail import note
from gilfoyle.staff.tries import make_introduction


@dataclass(frozen=True, slots=True)
class NewStaff:
    """An account that was made, with its password in clear for the only time."""

    user: User
    password: str


def list_staff() -> QuerySet[User]:
    """Return all accounts of staff, those that are shut too, by name."""
    return User.objects.filter(is_staff=True).prefetch_related(with_roles()).order_by("username")


def get_staff(*, name: str) -> User:
    """Return an account of staff by its name.

    Raises: StaffNotFound.
    """
    user = User.objects.filter(is_staff=True, username=name).first()
    if user is None:
        raise StaffNotFound(
            f"There is no account of staff called {name!r}.", hint="`manage.py staff list` shows them all."
        )
    return user


def get_role(*, code: str) -> Role:
    """Return a role by its code.

    Raises: RoleUnknown.
    """
    role = find_role(code)
    if role is None:
        known = ", ".join(role.code for role in ROLES)
        raise RoleUnknown(f"There is no role {code!r}.", hint=f"There are {known}.")
    return role


@atomic
@told_by_caller()
def add_staff(*, name: str, role: Role) -> NewStaff:
    """Make an account with a role and a random password.

    Raises: NameTaken, NameUnusable.
    """
    user = User(username=User.normalize_username(name), is_staff=True)
    if User.objects.filter(username=user.username).exists():
        raise NameTaken(f"There is an account called {name!r} already.", hint="Choose another name.")
    password = secrets.token_urlsafe(15)
    user.set_password(password)
    try:
        user.clean_fields(exclude={"password"})
    except ValidationError as error:
        raise NameUnusable(" ".join(error.messages), hint="Choose another name.") from None
    user.save()
    _put_into(user, role)
    note("staff.added", user=user, role=role.code)
    return NewStaff(user, password)


@atomic
@told_by_caller()
def set_role(*, user: User, role: Role) -> None:
    """Give a person this role and no other, and sign them out; a superuser becomes none.

    Raises: LastAdministrator.
    """
    lock_administrators()
    user.is_superuser = False  # without asking what it was: an earlier try may have lost its race
    user.save(update_fields=["is_superuser"])
    _put_into(user, role)
    require_an_administrator()
    end_sessions(user=user)
    note("staff.role_set", user=user, role=role.code)


@atomic
@told_by_caller()
def deactivate(*, user: User) -> None:
    """Shut an account at once, with all that is signed in by it.

    Raises: LastAdministrator.
    """
    lock_administrators()
    user.is_active = False
    user.save(update_fields=["is_active"])
    require_an_administrator()
    end_sessions(user=user)
    note("staff.deactivated", user=user)


@atomic
def reset_two_factor(*, user: User) -> bool:
    """Take away a second factor that was lost, and sign the person out; returns whether there was one."""
    was_there = two_factor.remove_all(user)
    end_sessions(user=user)
    note("staff.two_factor_reset", user=user)
    return was_there


@atomic
def let_in(*, user: User) -> str:
    """Return the path that makes a new browser known by a person's name, so that the guesses of others don't bar it."""
    note("staff.let_in", user=user)
    return reverse("admin:let_in", args=[make_introduction(user.get_username())])


def lock_administrators() -> None:
    """Let nobody else take rights from administrators until this transaction ends: two could shut each other."""
    list(User.objects.select_for_update().filter(is_staff=True).order_by("pk").values_list("pk", flat=True))


def require_an_administrator() -> None:
    """Refuse what has just left nobody who can look after the staff; the caller's transaction undoes it.

    Raises: LastAdministrator.
    """
    able = Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR)
    if not User.objects.filter(able, is_active=True, is_staff=True).exists():
        raise LastAdministrator(
            "Nobody would be left who can look after the staff.", hint="Make another administrator first."
        )


@atomic
def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign a person out everywhere, except where the session's key is `but`; returns how many sessions ended."""
    key = str(user.pk)
    living = Session.objects.filter(expire_date__gt=timezone.now())
    ended = [
        one.pk
        for one in living.iterator()
        if str(one.get_decoded().get(SESSION_KEY)) == key and one.pk != but
    ]
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def _put_into(user: User, role: Role) -> None:
    others = user.groups.filter(name__in=ROLE_NAMES).exclude(name=role.name)
    user.groups.remove(*others)
    user.groups.add(Group.objects.get(name=role.name))
