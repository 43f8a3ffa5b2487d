"""Projects and API keys: make, revoke, suspend."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from videos.access.keys import SCOPES, mint_key
from videos.access.limits import NAMES, OF_KEYS
from videos.access.models import ApiKey, Project

MOST_BYTES = 2**63 - 1
MOST_COUNT = 2**31 - 1


@transaction.atomic
def create_project(*, name: str) -> Project:
    """Make a project.

    Raises: InvalidInput when the name is empty, too long or taken.
    """
    name = _project_name(name)
    if Project.objects.filter(name=name).exists():
        message = f"There is a project called {name} already."
        raise InvalidInput(message)
    return Project.objects.create(name=name)


def _project_name(text: str) -> str:
    name = text.strip()
    if not _is_name(name):
        message = "A project's name has 1 to 100 printable characters."
        raise InvalidInput(message)
    return name


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 100 and text.isprintable()


@transaction.atomic
def get_or_create_project(*, name: str) -> Project:
    """Return the project of this name, made when it is missing.

    Raises: InvalidInput when the name is empty or too long.
    """
    name = _project_name(name)
    return Project.objects.filter(name=name).first() or create_project(name=name)


@transaction.atomic
def create_api_key(
    *,
    project: Project,
    label: str,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make an API key (all scopes when none are named); the returned text can't be had a second time.

    Raises: InvalidInput for an unknown scope, or a label that is empty or too long.
    """
    label = label.strip()
    if not _is_name(label):
        message = "A key's label has 1 to 100 printable characters."
        raise InvalidInput(message)
    wanted = sorted(set(SCOPES if scopes is None else scopes))
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown:
        message = f"Unknown scope: {', '.join(unknown)}."
        raise InvalidInput(message, hint=f"Scopes are {', '.join(SCOPES)}.")
    minted = mint_key()
    key = ApiKey.objects.create(
        project=project,
        label=label,
        prefix=minted.prefix,
        digest=minted.digest,
        scopes=wanted,
        expires_at=expires_at,
    )
    return key, minted.text


@transaction.atomic
def revoke_api_key(*, key: ApiKey) -> None:
    """End a key for ever; a second time changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


@transaction.atomic
def set_project_limits(*, project: Project, limits: Mapping[str, int | None]) -> None:
    """Change what a project may use (names of limits.py); null: as the settings say, 0: without limit.

    Raises: InvalidInput.
    """
    _require_limits(limits, NAMES)
    Project.objects.filter(pk=project.pk).update(**limits)


@transaction.atomic
def set_key_limits(*, key: ApiKey, limits: Mapping[str, int | None]) -> None:
    """Change what a key may use of its project's limits.

    null or 0: as much as the project; of requests null is what the settings give each key.

    Raises: InvalidInput.
    """
    _require_limits(limits, OF_KEYS)
    ApiKey.objects.filter(pk=key.pk).update(**limits)


def _require_limits(limits: Mapping[str, int | None], names: Collection[str]) -> None:
    for name, limit in limits.items():
        most = MOST_BYTES if name == "max_stored_bytes" else MOST_COUNT
        if name not in names or (limit is not None and not 0 <= limit <= most):
            message = f"{name} must be one of {', '.join(names)}, and between 0 and {most}."
            raise InvalidInput(message)


@transaction.atomic
def suspend_project(*, project: Project) -> None:
    """Stop everything of a project: its API, its uploads, its playback."""
    Project.objects.filter(pk=project.pk, suspended_at=None).update(suspended_at=timezone.now())


@transaction.atomic
def resume_project(*, project: Project) -> None:
    """Undo a suspension."""
    Project.objects.filter(pk=project.pk).update(suspended_at=None)


def note_use(key: ApiKey) -> None:
    """Keep the day of a key's last use (the day alone: no trail of single requests)."""
    today = timezone.now().date()
    if key.last_used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)
