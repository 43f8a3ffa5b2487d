"""What moderation locks, and in which order; on PostgreSQL, any other order would let two wait in a circle.

1. Videos, by id: whoever changes what a case of a video or its restrictions say holds the video first.
2. The case, and what belongs to it: appeals, requests for a second person. Only whoever holds its subject locks a case
   (scores alone are refreshed without, by who holds nothing else).
3. What follows from a video's restriction, in other rooms: its steps, the bank of what is banned.
4. The project, the last that anyone locks, as in `access.quotas`. It stands for its creators and keys, too: no rows of
   theirs are locked, so a case of these begins here, and goes on with 2.
5. What belongs to the project: standings, strikes, allowances, freezes. They change under its lock alone, so that none
   ends while another decision begins it.

So a decision about a video first lets that bite and then gives or takes strikes; and who has a project waits for no video.
"""

from __future__ import annotations

from collections.abc import Iterable

from videos.access.quotas import hold_project
from videos.catalog.services import hold_video
from videos.moderation.errors import CaseChanged, CaseNotFound
from videos.moderation.models import Case
from videos.moderation.policy import VIDEO

Subject = tuple[str, str, str]  # project, type, id


def hold_subject(*, project_id: str, subject_type: str, subject_id: str) -> None:
    """Keep everyone else from opening or deciding cases of a subject until the current transaction ends."""
    hold_subjects([(project_id, subject_type, subject_id)])


def hold_subjects(subjects: Iterable[Subject]) -> None:
    """Keep several subjects, in the order in which everyone does."""
    named = set(subjects)
    for video_id in sorted({one for _, subject_type, one in named if subject_type == VIDEO}):
        hold_video(video_id=video_id)
    for project_id in sorted({project_id for project_id, subject_type, _ in named if subject_type != VIDEO}):
        hold_project(project_id)


def locked_case(case_id: str, *, version: int | None = None) -> Case:
    """Lock a case after its subject.

    Raises: CaseNotFound; CaseChanged where it is not the `version` that somebody looked at.
    """
    case = locked_cases(case_id)[case_id]
    if version is not None and case.version != version:
        message = "This case has changed since you looked at it."
        raise CaseChanged(message, hint="Look at it again.")
    return case


def locked_cases(*case_ids: str) -> dict[str, Case]:
    """Lock several cases after all of their subjects.

    Raises: CaseNotFound.
    """
    rows = Case.objects.filter(pk__in=case_ids)
    hold_subjects(rows.order_by().values_list("project_id", "subject_type", "subject_id"))
    found = {case.pk: case for case in rows.select_for_update().order_by("pk")}
    if len(found) < len(set(case_ids)):
        message = "There is no such case."
        raise CaseNotFound(message)
    return found
