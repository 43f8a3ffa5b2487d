"""What moderation keeps of a person, found and erased for a privacy request.

What was decided stays, without its words: that a video was blocked, and why, is a fact about the consumer and the house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Model, Q, QuerySet

from gilfoyle.lib.transactions import atomic, savepoint
from videos.access.pseudonyms import is_named_in
from videos.moderation.models import (
    PUBLIC_FORM,
    Appeal,
    Case,
    CaseNote,
    Decision,
    LiftRequest,
    Report,
    Restriction,
)
from videos.moderation.policy import CREATOR
from videos.moderation.reasons import SEVERE
from videos.moderation.sealed import person_of
from videos.moderation.selectors import text_of_appeal, text_of_note, text_of_report
from videos.moderation.states import UNDECIDED

ERASED = b""
ROWS_AT_ONCE = 500
# What belongs to a case for a severe reason that nobody has decided yet.
UNDER_REVIEW = Q(case__state__in=UNDECIDED, case__severity__gte=SEVERE)


def reports_by(creator_id: str, *, project_id: str) -> QuerySet[Report]:
    """Return what somebody reported, as far as the consumer named them so; nothing of the public form, which names nobody."""
    person = person_of(creator_id, project_id=project_id, root_secret=settings.GILFOYLE_ROOT_SECRET)
    return Report.objects.filter(project_id=project_id, reporter=person).exclude(channel=PUBLIC_FORM)


def appeals_by(creator_id: str, *, project_id: str) -> QuerySet[Appeal]:
    """Return which decisions somebody appealed against."""
    person = person_of(creator_id, project_id=project_id, root_secret=settings.GILFOYLE_ROOT_SECRET)
    return Appeal.objects.filter(project_id=project_id, filed_by=person)


@atomic
def forget_person(creator_id: str, *, project_id: str, besides: Q | None = None) -> Mapping[str, int]:
    """Erase who it was, and what they wrote, of reports and appeals by a person; returns how many of each.

    What is true of `besides` stays as it is.
    """
    reports = _but_for(besides, reports_by(creator_id, project_id=project_id))
    appeals = _but_for(besides, appeals_by(creator_id, project_id=project_id))
    return {
        "reports_by": reports.update(reporter="", sealed_text=ERASED),
        "appeals_by": appeals.update(filed_by="", sealed_text=ERASED),
    }


def _but_for(besides: Q | None, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows if besides is None else rows.exclude(besides)


def words_about(
    *, project_id: str, subject_type: str, subject_id: str
) -> tuple[QuerySet[Report], QuerySet[CaseNote], QuerySet[Appeal]]:
    """Return the rows in whose sealed words somebody wrote about a subject."""
    subject = {"project_id": project_id, "subject_type": subject_type, "subject_id": subject_id}
    target = {"project_id": project_id, "target_type": subject_type, "target_id": subject_id}
    return (
        Report.objects.filter(**subject),
        CaseNote.objects.filter(**{f"case__{name}": value for name, value in subject.items()}),
        Appeal.objects.filter(decision__in=Decision.objects.filter(**target).values("pk")),
    )


def ids_told_of(*, project_id: str, subject_type: str, subject_id: str) -> list[str]:
    """Return the ids by which events tell of a subject: its cases, decisions, restrictions and appeals."""
    subject = {"project_id": project_id, "subject_type": subject_type, "subject_id": subject_id}
    target = {"project_id": project_id, "target_type": subject_type, "target_id": subject_id}
    decisions = Decision.objects.filter(**target)
    rows: tuple[QuerySet[Any], ...] = (
        Case.objects.filter(**subject),
        decisions,
        Restriction.objects.filter(**target),
        Appeal.objects.filter(decision__in=decisions.order_by().values("pk")),
    )
    return [pk for found in rows for pk in found.order_by().values_list("pk", flat=True)]


@atomic
def forget_words_about(*, project_id: str, subject_type: str, subject_id: str) -> None:
    """Erase all that anybody wrote about a subject: reports, notes, explanations, appeals."""
    reports, notes, appeals = words_about(
        project_id=project_id, subject_type=subject_type, subject_id=subject_id
    )
    reports.update(sealed_text=ERASED)
    notes.update(sealed_text=ERASED)
    appeals.update(sealed_text=ERASED, answer="")
    target = {"project_id": project_id, "target_type": subject_type, "target_id": subject_id}
    decisions = Decision.objects.filter(**target).values("pk")
    LiftRequest.objects.filter(decision__in=decisions).update(explanation="")
    _of_decisions(Q(**target)).update(facts="", explanation="")


def _of_decisions(wanted: Q) -> QuerySet[Decision]:
    """Return decisions such that their words can be erased: the one change that a decision knows."""
    rows: QuerySet[Decision] = QuerySet(Decision)
    return rows.filter(wanted)


def rows_naming(model: type[Model], field: str, *, project_id: str, creator_id: str) -> QuerySet[Any]:
    """Return the rows of one kind whose `field`, subject or target, is a creator."""
    named: dict[str, Any] = {
        "project_id": project_id,
        f"{field}_type": CREATOR,
        f"{field}_id": creator_id,
    }
    rows: QuerySet[Any] = QuerySet(model)
    return rows.filter(**named)


def rename_creator(
    model: type[Model], field: str, *, project_id: str, creator_id: str, pseudonym: str
) -> int:
    """Let a pseudonym stand for a creator in one kind of row, whose `field` is subject or target; returns how many."""
    naming = rows_naming(model, field, project_id=project_id, creator_id=creator_id)
    try:
        with savepoint():
            return naming.update(**{f"{field}_id": pseudonym})
    except (
        IntegrityError
    ):  # one of them has a namesake that bears the pseudonym already: which, is found out below
        found = list(naming.values_list("pk", flat=True))
    rows: QuerySet[Any] = QuerySet(model)
    for pk in found:
        row = rows.filter(pk=pk)
        try:
            with savepoint():
                row.update(**{f"{field}_id": pseudonym})
        except IntegrityError:  # it is this one
            row.update(**{f"{field}_id": f"{pseudonym}:{pk}"})
    return len(found)


def sealed_mentions(
    creator_id: str,
    *,
    project_id: str,
    besides: Q | None = None,
    at_work: Callable[[], None] | None = None,
) -> Iterator[Model]:
    """Find the reports, notes and appeals of a project in whose sealed words a creator's id occurs.

    What is true of `besides` is not looked at. `at_work` is called now and then: it is every word of a project.
    """
    of_project: tuple[tuple[QuerySet[Any], Any], ...] = (
        (Report.objects.filter(project_id=project_id), _words_of_report),
        (CaseNote.objects.filter(case__project_id=project_id), lambda note: [text_of_note(note)]),
        (Appeal.objects.filter(project_id=project_id), lambda appeal: [text_of_appeal(appeal)]),
    )
    for rows, read in of_project:
        wanted = _but_for(besides, rows.exclude(sealed_text=ERASED))
        for number, row in enumerate(wanted.order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)):
            if at_work is not None and number % ROWS_AT_ONCE == 0:
                at_work()
            if any(is_named_in(words, creator_id) for words in read(row)):
                yield row


def _words_of_report(report: Report) -> list[str]:
    """Return what somebody wrote into a report, and not what we call the parts of it."""
    told = text_of_report(report)
    return [told["comment"], *told["evidence"]]


def forget_sealed_mentions(
    creator_id: str,
    *,
    project_id: str,
    besides: Q | None = None,
    at_work: Callable[[], None] | None = None,
) -> int:
    """Erase the sealed words in which a creator's id occurs, but for what is true of `besides`; returns how many.

    Row by row, and not in one transaction: whoever was stopped finds the rest.
    """
    count = 0
    mentions = sealed_mentions(creator_id, project_id=project_id, besides=besides, at_work=at_work)
    for row in list(mentions):
        found = type(row)._default_manager.filter(pk=row.pk)  # noqa: SLF001 - of any of the three
        count += _but_for(besides, found).update(sealed_text=ERASED)
    return count
