"""Projects and API keys: make, revoke, suspend."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.transactions import atomic
from videos.access.encryption import CHOICES
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.keys import SCOPES, mint_key
from videos.access.limits import NAMES, OF_KEYS
from videos.access.models import ApiKey, Project
from videos.audit.services import record

MOST_BYTES = 2**63 - 1
MOST_COUNT = 2**31 - 1


@atomic
def create_project(*, name: str) -> Project:
    """Make a project.

    Raises: InvalidInput when the name is empty, too long or taken.
    """
    name = _project_name(name)
    if Project.objects.filter(name=name).exists():
        message = f"There is a project called {name} already."
        raise InvalidInput(message)
    project = Project.objects.create(name=name)
    _note("project.created", project)
    return project


def _project_name(text: str) -> str:
    name = text.strip()
    if not _is_name(name):
        message = "A project's name has 1 to 100 printable characters."
        raise InvalidInput(message)
    return name


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 100 and text.isprintable()


@atomic
def get_or_create_project(*, name: str) -> Project:
    """Return the project of this name, made when it is missing.

    Raises: InvalidInput when the name is empty or too long.
    """
    name = _project_name(name)
    return Project.objects.filter(name=name).first() or create_project(name=name)


@atomic
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
    told = {
        "prefix": minted.prefix,
        "scopes": wanted,
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
    _note("api_key.created", key, told)
    return key, minted.text


@atomic
def revoke_api_key(*, key: ApiKey) -> None:
    """End a key for ever; a second time changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        _note("api_key.revoked", key, {"prefix": key.prefix})


@atomic
def set_project_limits(*, project: Project, limits: Mapping[str, int | None]) -> None:
    """Change what a project may use (names of limits.py); null: as the settings say, 0: without limit.

    Raises: InvalidInput.
    """
    _require_limits(limits, NAMES)
    _change(Project.objects.filter(pk=project.pk), limits, verb="project.limits_changed")


@atomic
def set_project_encryption(*, project: Project, encryption: str) -> None:
    """Say whether a project's segments are encrypted from the next job on: "on", "off", or as the settings say ("").

    Raises: InvalidInput.
    """
    if encryption not in CHOICES:
        message = "encryption must be on, off or empty."
        raise InvalidInput(message)
    _change(
        Project.objects.filter(pk=project.pk), {"encryption": encryption}, verb="project.encryption_changed"
    )


@atomic
def set_key_limits(*, key: ApiKey, limits: Mapping[str, int | None]) -> None:
    """Change what a key may use of its project's limits.

    null or 0: as much as the project; of requests null is what the settings give each key.

    Raises: InvalidInput.
    """
    _require_limits(limits, OF_KEYS)
    _change(ApiKey.objects.filter(pk=key.pk), limits, verb="api_key.limits_changed")


def _require_limits(limits: Mapping[str, int | None], names: Collection[str]) -> None:
    for name, limit in limits.items():
        most = MOST_BYTES if name == "max_stored_bytes" else MOST_COUNT
        if name not in names or (limit is not None and not 0 <= limit <= most):
            message = f"{name} must be one of {', '.join(names)}, and between 0 and {most}."
            raise InvalidInput(message)


@atomic
def suspend_project(*, project: Project) -> None:
    """Stop everything of a project: its API, its uploads, its playback."""
    if Project.objects.filter(pk=project.pk, suspended_at=None).update(suspended_at=timezone.now()):
        _note("project.suspended", project)


@atomic
def resume_project(*, project: Project) -> None:
    """Undo a suspension."""
    if Project.objects.filter(pk=project.pk).exclude(suspended_at=None).update(suspended_at=None):
        _note("project.resumed", project)


def _change(rows: QuerySet[Project] | QuerySet[ApiKey], changes: Mapping[str, Any], *, verb: str) -> None:
    """Change columns of a row, and record which were others before."""
    kept = rows.select_for_update().get()
    told = {
        name: {"from": getattr(kept, name), "to": value}
        for name, value in changes.items()
        if getattr(kept, name) != value
    }
    if told:
        rows.update(**changes)
        _note(verb, kept, told)


def _note(verb: str, row: Project | ApiKey, data: Mapping[str, Any] | None = None) -> None:
    """Record what was done to a project or a key, without their names, which are free text."""
    project_id, kind = (row.pk, "project") if isinstance(row, Project) else (row.project_id, "api_key")
    if project_id not in INTERNAL_PROJECT_IDS:  # what Gilfoyle tries on itself is nobody's deed
        record(verb, object_type=kind, object_id=row.pk, project_id=project_id, data=data)


def note_use(key: ApiKey) -> None:
    """Keep the day of a key's last use (the day alone: no trail of single requests)."""
    today = timezone.now().date()
    if key.last_used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)
