"""Personal parts of entries erased because the person asks for it. The chain holds their commitments, and stays whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.conf import settings

from gilfoyle.lib.wrapped_keys import KeyUnusable, unwrap_key
from videos.audit.models import AuditPersonal
from videos.audit.services import PERSONAL

ROWS_AT_ONCE = 500


def personal_parts_of(
    value: str, *, project_id: str, at_work: Callable[[], None] | None = None
) -> Iterator[AuditPersonal]:
    """Find the personal parts in a project's entries that hold a value. `at_work` is called now and then."""
    of_project = AuditPersonal.objects.filter(entry__project_id=project_id).select_related("entry")
    wanted = value.encode("utf-8", "replace")
    for number, part in enumerate(of_project.order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)):
        if at_work is not None and number % ROWS_AT_ONCE == 0:
            at_work()
        try:
            held = unwrap_key(
                bytes(part.sealed),
                purpose=PERSONAL,
                owner=part.entry.personal_commitment,
                root_secret=settings.GILFOYLE_ROOT_SECRET,
            )
        except KeyUnusable:  # of another root secret: nobody can read it
            continue
        if held == wanted:
            yield part


def erase_personal_of(value: str, *, project_id: str, at_work: Callable[[], None] | None = None) -> int:
    """Erase what a project's entries hold of a person; returns of how many entries."""
    found = [part.pk for part in personal_parts_of(value, project_id=project_id, at_work=at_work)]
    for start in range(0, len(found), ROWS_AT_ONCE):
        AuditPersonal.objects.filter(pk__in=found[start : start + ROWS_AT_ONCE]).delete()
    return len(found)
