"""Freezes of uploads: nothing comes in any more from a project, by a key, or for a creator. What is there stays."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q

from gilfoyle.lib.transactions import atomic
from videos.access.models import UploadFreeze
from videos.access.pseudonyms import pseudonym_of
from videos.errors import UploadsFrozen

WORDS = {"project": "This project", "api_key": "This API key", "creator": "This creator"}


@atomic
def set_upload_freeze(*, project_id: str, target_type: str, target_id: str, is_frozen: bool) -> bool:
    """Freeze uploads, or let them again; False, and no change, where it is so already.

    The caller holds the project, and has looked under its lock at what demands a freeze.
    """
    rows = UploadFreeze.objects.filter(project_id=project_id, target_type=target_type, target_id=target_id)
    if not is_frozen:
        return bool(rows.delete()[0])
    # Two deciders may freeze at once: the second finds the first's row, and nothing of its decision is lost.
    _, is_new = UploadFreeze.objects.get_or_create(
        project_id=project_id, target_type=target_type, target_id=target_id
    )
    return is_new


def frozen_of(*, project_id: str, api_key_id: str | None = None, creator_id: str = "") -> str | None:
    """Return whose uploads are frozen of those that bring a file, or None: in one query."""
    wanted = Q(target_type="project")
    if api_key_id:
        wanted |= Q(target_type="api_key", target_id=api_key_id)
    if creator_id:
        # A freeze outlives a privacy request, under what then stands for the creator.
        erased = pseudonym_of(creator_id, project_id=project_id, root_secret=settings.GILFOYLE_ROOT_SECRET)
        wanted |= Q(target_type="creator", target_id__in=(creator_id, erased))
    found = UploadFreeze.objects.filter(wanted, project_id=project_id)
    return found.values_list("target_type", flat=True).first()


def require_not_frozen(*, project_id: str, api_key_id: str | None = None, creator_id: str = "") -> None:
    """Refuse what would bring a file in.

    Raises: UploadsFrozen.
    """
    of = frozen_of(project_id=project_id, api_key_id=api_key_id, creator_id=creator_id)
    if of is not None:
        message = f"{WORDS[of]} may upload nothing at the moment."
        raise UploadsFrozen(message, hint="Ask the operator of this server.", of=of)
