"""What a data folder needs before anything runs on it: its tables, and the first access to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections

from gilfoyle.installation.starting import require_ours
from gilfoyle.lib.transactions import atomic
from gilfoyle.staff.outside import told_by_caller
from gilfoyle.staff.trail import note
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.access.services import create_api_key, create_project

ADMINISTRATOR = "admin"
FIRST_PROJECT = "Default"


@dataclass(frozen=True, slots=True)
class FirstAccess:
    """What was made on the first run, in clear for the only time; None where it was there already."""

    password: str | None
    api_key: str | None


def prepare_database() -> FirstAccess:
    """Bring the tables up to date, and make the first administrator, project and key where there are none.

    Raises: SecretDiffers, StoreNotOurs; the database's errors.
    """
    call_command("migrate", interactive=False, verbosity=0)
    try:
        require_ours()
        return make_first_access()
    finally:
        connections.close_all()  # the supervisor needs no database from here on


@atomic
def make_first_access() -> FirstAccess:
    """Make the first administrator where there is no superuser, and the first project and key where there is none."""
    return FirstAccess(password=_make_administrator(), api_key=_make_project())


def _make_administrator() -> str | None:
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists() or users.filter(username=ADMINISTRATOR).exists():
        return None
    password = secrets.token_urlsafe(15)
    with told_by_caller():
        user = users.create_superuser(username=ADMINISTRATOR, email="", password=password)
    note("staff.added", user=user, is_superuser=True)
    return password


def _make_project() -> str | None:
    if Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS).exists():
        return None
    _key, text = create_api_key(project=create_project(name=FIRST_PROJECT), label="First key")
    return text
