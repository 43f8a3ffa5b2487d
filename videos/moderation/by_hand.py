"""A video restricted or released although nobody has reported it: by a case all the same, as everything that is decided."""

from __future__ import annotations

from dataclasses import dataclass

from gilfoyle.lib.ids import is_id
from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.errors import VideoNotFound
from videos.moderation.cases import open_case, rescore
from videos.moderation.deciding import Verdict, decide, require_sayable
from videos.moderation.locking import hold_subject
from videos.moderation.models import Case, Decision, LiftRequest, Restriction
from videos.moderation.policy import KIND_OF_LEVEL, VIDEO, Kind, Power, Reviewer, require_powers
from videos.moderation.presets import UNKNOWN
from videos.moderation.restricting import active_of
from videos.moderation.reversing import cancel_strikes_of, reverse_but_strikes
from videos.moderation.states import REQUESTED, UNDECIDED

LEVELS = tuple(KIND_OF_LEVEL)


@dataclass(frozen=True, slots=True)
class Released:
    """What came of a release: decisions that lift, requests that another person must approve, and what stays."""

    lifted: tuple[Decision, ...] = ()
    waiting: tuple[LiftRequest, ...] = ()
    kept: tuple[Restriction, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing that was asked for is left to do."""
        return not (self.waiting or self.kept)


@atomic
def open_by_hand(*, video_id: str, by: Reviewer) -> Case:
    """Return the open case of a video, a new one where there is none. Nobody has reported anything by that.

    Raises: VideoNotFound, PowerMissing.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    case, is_new = _case_of(_held_subject(video_id), reason=UNKNOWN, by=by)
    if is_new:
        rescore(case)
    return case


@atomic
def restrict_video(*, video_id: str, verdict: Verdict, by: Reviewer) -> Decision:
    """Decide about a video at once, in its case where it has an open one, else in a new one.

    Raises: VideoNotFound, CaseTaken, PowerMissing, DecisionNotAllowed, InvalidInput, InvalidTransition.
    """
    require_sayable(verdict)
    case, _is_new = _case_of(_held_subject(video_id), reason=verdict.reason, by=by)
    return decide(case_id=case.pk, verdict=verdict, by=by)


@atomic
def release_video(*, video_id: str, explanation: str, by: Reviewer) -> Released:
    """Take back all that keeps a video from being played, as far as one person may.

    What the consumer restricted itself stays, and so does what is to be purged.

    Raises: VideoNotFound, PowerMissing, InvalidInput.
    """
    subject = _held_subject(video_id)
    wanted = (*KIND_OF_LEVEL.values(), Kind.PURGE)
    active = active_of(project_id=subject["project_id"], target_type=VIDEO, target_id=video_id)
    lifted: list[Decision] = []
    waiting: list[LiftRequest] = []
    kept: list[Restriction] = []
    for one in list(active.filter(kind__in=wanted).select_related("decision").order_by("starts_at", "id")):
        if one.is_consumers or one.kind == Kind.PURGE:
            kept.append(one)
            continue
        asked = LiftRequest.objects.filter(decision_id=one.decision_id, state=REQUESTED).first()
        made = asked or reverse_but_strikes(decision_id=one.decision_id, explanation=explanation, by=by)
        if isinstance(made, LiftRequest):
            waiting.append(made)
        else:
            lifted.append(made)
    for lifting in lifted:  # last: they take the project, and each lifting takes the bank
        cancel_strikes_of(lifting, by=by)
    return Released(tuple(lifted), tuple(waiting), tuple(kept))


def _case_of(subject: dict[str, str], *, reason: str, by: Reviewer) -> tuple[Case, bool]:
    """Return the open case of a held subject and whether it is a new one."""
    found = Case.objects.filter(**subject, state__in=UNDECIDED).first()
    return (found, False) if found is not None else (open_case(**subject, reason=reason, by=by), True)


def _held_subject(video_id: str) -> dict[str, str]:
    """Hold a video and return it as cases name their subjects. Raises: VideoNotFound."""
    found = (
        Video.objects.filter(pk=video_id).values_list("project_id", flat=True) if is_id(video_id) else None
    )
    project_id = found.first() if found is not None else None
    if project_id is None:
        message = "There is no such video."
        raise VideoNotFound(message)
    subject = {"project_id": str(project_id), "subject_type": VIDEO, "subject_id": video_id}
    hold_subject(**subject)
    return subject
