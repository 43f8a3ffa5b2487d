"""Removes what nobody names: by hand alone, after a look that tells of each object why, since when and how large.

No sweep does this by itself, for the rows may be those of an older backup than the store is: then what came since looks
like nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gilfoyle.lib.storage_listing import StoredObject, remove_objects
from gilfoyle.lib.store_places import ROLES, home_of, is_moving, role_of
from gilfoyle.stores.errors import RowsAreOlder, StoreIsMoving, TooManyOrphans
from gilfoyle.stores.facts import has_owners
from gilfoyle.stores.judging import NO_SUCH_VIDEO, Finding
from gilfoyle.stores.names import parse_name
from gilfoyle.stores.surveying import Survey, batches_of, kind_of, look_again, projects_in
from gilfoyle.stores.times_replaced import Replaced, find_replaced

MOST_SHARE = 0.1
ADOPT_ROWS = "manage.py adopt rows --as-of TIME"
REMOVED_AT_ONCE = 10  # owners: what is looked at once more is removed within seconds


@dataclass(slots=True)
class Removed:
    """How much was removed."""

    objects: int = 0
    size_bytes: int = 0


def find_orphans(survey: Survey, *, even_so: bool = True) -> Iterator[Finding]:
    """Yield what nobody names, and note it for `remove_orphans`; without `even_so` it ends where that looks wrong.

    Raises: TooManyOrphans, RowsAreOlder, StorageFault; the database's errors.
    """
    replaced, has_rows = ([], True) if even_so else (find_replaced(), has_owners())
    for finding in survey.look_for_orphans():
        parsed = parse_name(finding.name)
        if finding.kind == "orphan" and parsed is not None:
            if not even_so:
                require_fitting(survey, finding, replaced, has_rows=has_rows)
            survey.inventory.note_orphans(f"{kind_of(parsed.family)}/{parsed.owner}", [finding.name])
            yield finding


def _remove(orphans: list[StoredObject]) -> list[str]:
    """Remove objects from the stores where they belong."""
    gone: list[str] = []
    for role in ROLES:
        some = [one for one in orphans if role_of(one.name) == role]
        gone += remove_objects(home_of(role), some) if some else []
    return gone


def require_still() -> None:
    """Raises: StoreIsMoving."""
    if is_moving():
        message = "Nothing is removed while objects are moved from one store to another."
        raise StoreIsMoving(
            message, hint="End that first: docs/storage.md. --dry-run tells of orphans meanwhile."
        )


def require_fitting(
    survey: Survey, finding: Finding, replaced: Sequence[Replaced], *, has_rows: bool
) -> None:
    """Refuse as soon as an orphan shows that the rows may be another server's, or older than the store.

    Raises: TooManyOrphans, RowsAreOlder.
    """
    hint = "Does this server use the right database, and one as new as the store? If so, say --even-so."
    if not has_rows:
        message = (
            f"Nothing was removed: the database knows no video, and the store has {survey.objects:,} objects."
        )
        raise TooManyOrphans(message, hint=hint)
    if survey.counts["orphan"] > survey.objects * MOST_SHARE:
        message = f"Nothing was removed: more than a tenth of {survey.objects:,} objects would be."
        raise TooManyOrphans(message, hint=hint)
    if finding.why == NO_SUCH_VIDEO and finding.name.startswith("sources/"):
        # Whose row is gone by what Gilfoyle does is known for days, and then has no source any more.
        message = f"Nothing was removed: {finding.name} is a source, and the database never knew its video."
        raise RowsAreOlder(
            message, hint=f"Was it put back to an older state? Then say so: {ADOPT_ROWS}. {hint}"
        )
    if any(one.has(finding.name, finding.since) for one in replaced):
        message = f"Nothing was removed: {finding.name} may have come between a backup and the restore of it."
        hint = "Look at what --dry-run tells of that time. If none of it is wanted, say --even-so."
        raise RowsAreOlder(message, hint=hint)


def remove_orphans(survey: Survey) -> Iterator[Removed]:
    """Remove what `find_orphans` has noted, after one more look at the rows and at it; yields what each owner comes to.

    Raises: StorageFault; the database's errors.
    """
    for kind, owners in groupby(survey.inventory.orphans(), key=lambda one: one[0].partition("/")[0]):
        for batch in batches_of(owners, of=REMOVED_AT_ONCE):
            noted = {key.partition("/")[2]: frozenset(names) for key, names in batch}
            projects = {owner: projects_in(names) for owner, names in noted.items()}
            for owner, judged in look_again(kind, projects, grace_s=survey.grace_s):
                still = [
                    StoredObject(one.name, one.size_bytes, one.since)
                    for one in judged.findings
                    if one.kind == "orphan" and one.name in noted[owner]
                ]
                gone = set(_remove(still))
                survey.progress("removed", len(gone))
                yield Removed(len(gone), sum(one.size_bytes for one in still if one.name in gone))
