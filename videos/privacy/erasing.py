"""A creator erased: videos deleted, words and hashes removed, a pseudonym where a row must stay.

Each step is a transaction of its own and finds nothing when it is repeated: whoever was stopped begins again.
A video under a legal hold stays with all that is said of it, and so does the creator's id in it.
A consumer erases less than the operator: nothing of what is looked at for a severe reason, and of what others wrote
only where somebody is named by whom something is known. Nor is it told how often they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import structlog
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.access.pseudonyms import SHORT
from videos.access.quotas import hold_project
from videos.audit.forgetting import erase_personal_of, personal_parts_of
from videos.audit.services import record
from videos.catalog.forgetting import delete_and_forget
from videos.catalog.models import Video
from videos.catalog.services import hold_video
from videos.catalog.states import DELETING
from videos.errors import VideoHeldLegally, VideoNotFound
from videos.imports.models import Import
from videos.moderation.forgetting import (
    UNDER_REVIEW,
    appeals_by,
    forget_person,
    forget_sealed_mentions,
    forget_words_about,
    ids_told_of,
    rename_creator,
    reports_by,
    rows_naming,
    sealed_mentions,
    words_about,
)
from videos.moderation.models import Case, Report
from videos.moderation.policy import CREATOR, VIDEO
from videos.moderation.reasons import SEVERE
from videos.moderation.states import UNDECIDED
from videos.privacy.creators import Creator
from videos.privacy.errors import CreatorUnderReview
from videos.uploads.models import Upload
from videos.webhooks.forgetting import forget_deliveries_about, forget_deliveries_naming

FORMAT, VERSION = "gilfoyle-erasure", 1
DELETED, HELD, GONE = "deleted", "held", "gone"
_HELD = Q(legal_hold=True) & ~Q(status=DELETING)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased of whom, under the pseudonym. `entry`: the audit's, which says the same."""

    project_id: str
    pseudonym: str
    at: str
    counts: dict[str, int]
    deleted: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    entry: int = 0
    format: str = FORMAT
    v: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"deleted": list(self.deleted), "held": list(self.held)}


@dataclass(slots=True)
class _Progress:
    deleted: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    mentions: int = 0  # for the operator alone

    def note(self, video: Video, outcome: str) -> None:
        """Count a video, once what became of it is committed."""
        {DELETED: self.deleted, HELD: self.held}.get(outcome, []).append(video.pk)


def require_not_under_review(creator: Creator) -> None:
    """Refuse a consumer what would take the words out of an open case for a severe reason; the operator may.

    Raises: CreatorUnderReview.
    """
    videos = Video.objects.filter(project_id=creator.project.pk, creator_id=creator.id).values("pk")
    _require_no_review(
        creator,
        Q(subject_type=CREATOR, subject_id=creator.id) | Q(subject_type=VIDEO, subject_id__in=videos),
    )


def _require_no_review(creator: Creator, subject: Q) -> None:
    """Raises: CreatorUnderReview, also where the reports of a subject have gone on as part of another's case."""
    of_project = {"project_id": creator.project.pk}
    cases = Case.objects.filter(subject, **of_project, state__in=UNDECIDED, severity__gte=SEVERE)
    reports = Report.objects.filter(subject, UNDER_REVIEW, **of_project)
    if cases.exists() or reports.exists():
        message = "Something severe was reported of this creator, and is being looked at."
        raise CreatorUnderReview(
            message, hint="Ask again once it is decided, or ask the operator of this server."
        )


def is_known(creator: Creator) -> bool:
    """Tell whether anything names an id as a person's: a video, a report, an appeal or what was decided."""
    project_id = creator.project.pk
    return (
        Video.objects.filter(project_id=project_id, creator_id=creator.id).exists()
        or reports_by(creator.id, project_id=project_id).exists()
        or appeals_by(creator.id, project_id=project_id).exists()
        or any(
            rows_naming(model, name, project_id=project_id, creator_id=creator.id).exists()
            for model, name in bearing_creators()
        )
    )


def erase_creator(creator: Creator) -> Receipt:
    """Erase a creator as far as no legal hold forbids it; can be repeated."""
    done = _Progress()
    project_id = creator.project.pk
    for video in list(_videos(creator)):
        done.note(video, _erase_video(video))
    done.counts |= forget_person(creator.id, project_id=project_id)
    _forget_words(project_id, CREATOR, creator.id)
    done.counts["renamed"] = _rename(creator)
    forget_deliveries_naming(project_id=project_id, creator_id=creator.id)
    if len(creator.id) >= SHORT and not done.held:
        done.counts["mentions"] = forget_sealed_mentions(creator.id, project_id=project_id)
    done.counts["audit_parts"] = erase_personal_of(creator.id, project_id=project_id)
    return _receipt(creator, done)


def erase_for_consumer(creator: Creator, *, at_work: Callable[[], None]) -> Receipt:
    """Erase a creator because the consumer asks; can be repeated. `at_work` is called between the steps, and in the long ones.

    Raises: CreatorUnderReview, also in the midst of it: what was done by then stays done. What `at_work` raises.
    """
    require_not_under_review(creator)
    done = _Progress()
    project_id = creator.project.pk
    # First of all, for afterwards nobody could say any more that the id was known.
    if _finds_mentions_for_consumer(creator):
        done.mentions = forget_sealed_mentions(
            creator.id, project_id=project_id, besides=UNDER_REVIEW, at_work=at_work
        )
    for video in list(_videos(creator)):
        at_work()
        done.note(video, _erase_reviewed_video(creator, video))
    at_work()
    done.counts["kept_for_review"] = _count_kept(creator)
    done.counts |= forget_person(creator.id, project_id=project_id, besides=UNDER_REVIEW)
    _forget_reviewed_words(creator)
    at_work()
    done.counts["renamed"] = _rename(creator)
    at_work()
    forget_deliveries_naming(project_id=project_id, creator_id=creator.id, at_work=at_work)
    at_work()
    done.counts["audit_parts"] = erase_personal_of(creator.id, project_id=project_id, at_work=at_work)
    at_work()
    return _receipt(creator, done)


def _videos(creator: Creator) -> QuerySet[Video]:
    return Video.objects.filter(project_id=creator.project.pk, creator_id=creator.id).order_by("pk")


def _finds_mentions_for_consumer(creator: Creator) -> bool:
    return len(creator.id) >= SHORT and is_known(creator) and not _videos(creator).filter(_HELD).exists()


def _count_kept(creator: Creator) -> int:
    told = {"project_id": creator.project.pk}
    return sum(
        rows.filter(UNDER_REVIEW).count()
        for rows in (reports_by(creator.id, **told), appeals_by(creator.id, **told))
    )


@atomic
def _erase_reviewed_video(creator: Creator, video: Video) -> str:
    """Raises: CreatorUnderReview where something severe was reported meanwhile."""
    hold_video(video_id=video.pk)  # who reports a video holds it, too
    _require_no_review(creator, Q(subject_type=VIDEO, subject_id=video.pk))
    return _erase_video(video)


@atomic
def _forget_reviewed_words(creator: Creator) -> None:
    """Raises: CreatorUnderReview where something severe was reported meanwhile."""
    hold_project(creator.project.pk)  # who reports a creator holds it, too
    _require_no_review(creator, Q(subject_type=CREATOR, subject_id=creator.id))
    _forget_words(creator.project.pk, CREATOR, creator.id)


@atomic
def _forget_words(project_id: str, subject_type: str, subject_id: str) -> None:
    """Erase what is said of a subject here, and what was told of that."""
    subject = {"project_id": project_id, "subject_type": subject_type, "subject_id": subject_id}
    forget_deliveries_about(project_id=project_id, subject_ids=ids_told_of(**subject))
    forget_words_about(**subject)


@atomic
def _erase_video(video: Video) -> str:
    """Delete one video, with what is said of it here and there; returns what became of it."""
    try:
        delete_and_forget(video=video)
    except VideoHeldLegally:
        return HELD
    except VideoNotFound:  # the sweep was faster
        return GONE
    # Their rows go with the video's, but only once its files are gone.
    Upload.objects.filter(video_id=video.pk).update(metadata="")
    Import.objects.filter(video_id=video.pk).update(source_url="", failure_message="")
    LogEntry.objects.filter(
        object_id=video.pk, content_type__app_label="videos", content_type__model="video"
    ).update(object_repr=video.pk)
    _forget_words(video.project_id, VIDEO, video.pk)
    forget_deliveries_about(project_id=video.project_id, subject_ids=[video.pk])
    return DELETED


def bearing_creators() -> list[tuple[type[Model], str]]:
    """Return every kind of row that names creators as its subject or target."""
    return [
        (model, name)
        for model in apps.get_app_config("videos").get_models()
        for name in ("subject", "target")
        if {f"{name}_type", f"{name}_id", "project_id"}
        <= {one.attname for one in model._meta.concrete_fields}  # noqa: SLF001 - Django's own way to ask
    ]


def _rename(creator: Creator) -> int:
    return sum(
        rename_creator(
            model,
            name,
            project_id=creator.project.pk,
            creator_id=creator.id,
            pseudonym=creator.pseudonym,
        )
        for model, name in bearing_creators()
    )


@atomic
def _receipt(creator: Creator, done: _Progress) -> Receipt:
    told = _told(creator, done)
    entry = record(
        "creator.erased",
        object_type="creator",
        object_id=creator.pseudonym,
        project_id=creator.project.pk,
        data={"counts": told.counts, "held": len(done.held)}
        | ({"mentions": done.mentions} if done.mentions else {}),
    )
    log.info("creator_erased", pseudonym=creator.pseudonym, held=len(done.held))
    return replace(told, entry=entry.pk)


def _told(creator: Creator, done: _Progress) -> Receipt:
    counts = {name: count for name, count in sorted(done.counts.items()) if count}
    counts |= {"videos": len(done.deleted)} if done.deleted else {}
    return Receipt(
        creator.project.pk,
        creator.pseudonym,
        timezone.now().isoformat(timespec="seconds"),
        counts,
        tuple(done.deleted),
        tuple(done.held),
    )


def erase_on_trial(creator: Creator, *, for_consumer: bool = False) -> Receipt:
    """Tell what would be erased now. It only reads: nothing is locked, recorded or logged.

    Raises: CreatorUnderReview for a consumer.
    """
    project_id = creator.project.pk
    done = _Progress()
    if for_consumer:
        require_not_under_review(creator)
        done.counts["kept_for_review"] = _count_kept(creator)
    done.held += _videos(creator).filter(_HELD).values_list("pk", flat=True)
    done.deleted += _videos(creator).exclude(_HELD).values_list("pk", flat=True)
    stays = UNDER_REVIEW if for_consumer else Q(pk__in=())
    done.counts["reports_by"] = reports_by(creator.id, project_id=project_id).exclude(stays).count()
    done.counts["appeals_by"] = appeals_by(creator.id, project_id=project_id).exclude(stays).count()
    done.counts["renamed"] = sum(
        rows_naming(model, name, project_id=project_id, creator_id=creator.id).count()
        for model, name in bearing_creators()
    )
    if len(creator.id) >= SHORT and not done.held and not for_consumer:
        gone = _words_gone_before(creator, done.deleted)
        mentions = sealed_mentions(creator.id, project_id=project_id)
        done.counts["mentions"] = sum((type(row), row.pk) not in gone for row in mentions)
    done.counts["audit_parts"] = sum(1 for _ in personal_parts_of(creator.id, project_id=project_id))
    return _told(creator, done)


def _words_gone_before(creator: Creator, deleted: list[str]) -> set[tuple[type[Model], Any]]:
    """Return the rows whose words are erased for another reason than that they mention the creator."""
    project_id = creator.project.pk
    found: list[QuerySet[Any]] = [
        reports_by(creator.id, project_id=project_id),
        appeals_by(creator.id, project_id=project_id),
    ]
    for subject_type, subject_id in ((CREATOR, creator.id), *((VIDEO, pk) for pk in deleted)):
        found += words_about(project_id=project_id, subject_type=subject_type, subject_id=subject_id)
    return {(rows.model, pk) for rows in found for pk in rows.values_list("pk", flat=True)}
