"""What stands on a case's page: gathered in a fixed number of queries, however much was reported."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import pill, when
from videos.catalog.models import Video
from videos.moderation import states
from videos.moderation.case_parts import (
    contact_sheet,
    describe_matches,
    list_decisions,
    list_history,
    list_moments,
    list_notes,
    list_related,
    list_reports,
    list_video_facts,
    name_actors,
    open_appeal,
    reason_label,
    why_on_top,
)
from videos.moderation.case_steps import ENDS, SNOOZES
from videos.moderation.models import Case
from videos.moderation.pictures import find_pictures
from videos.moderation.policy import VIDEO, Power, Reviewer
from videos.moderation.presets import IN_BULK, main_reason, offers_for
from videos.moderation.reasons import REASONS

MOST_OPEN = 8  # reports that are seen without asking for more
END_WORDS = {"": "until it is lifted", "1d": "for a day", "7d": "for a week", "30d": "for 30 days"}
SNOOZE_WORDS = {"1h": "an hour", "1d": "a day", "7d": "a week"}


def describe_case(case: Case, *, by: Reviewer) -> dict[str, Any]:
    """Return what the page of a case shows to somebody."""
    video = None
    if case.subject_type == VIDEO:
        video = Video.objects.select_related("project").filter(pk=case.subject_id).first()
    shown = find_pictures([video.pk]).get(video.pk) if video is not None else None
    notes, decisions = list(case.notes.all()), list(case.decisions.all())
    appeals = list(case.appeals.all())
    names = name_actors(
        [
            case.claimed_by,
            *(one.written_by for one in notes),
            *(one.decided_by for one in decisions),
            *(one.decided_by for one in appeals),
        ]
    )
    reports = list_reports(case)
    reason = main_reason(case.reasons)
    is_claimed = case.claim_expires_at is not None and case.claim_expires_at > timezone.now()
    appeal = open_appeal(case, names)
    is_appealable = Power.DECIDE_APPEAL in by.powers and appeal is not None
    return {
        "case": case,
        "video": video,
        "subject": _subject(case, video),
        "state": pill(case.state, "plain"),
        "due": None if case.first_action_at else when(case.due_at),
        "is_overdue": case.first_action_at is None and case.due_at <= timezone.now(),
        "opened": when(case.opened_at),
        "reason_chips": [reason_label(code) for code in case.reasons],
        "why": why_on_top(case),
        "claimed_by": names.get(case.claimed_by, "") if is_claimed else "",
        "is_mine": is_claimed and case.claimed_by == by.actor,
        "is_decidable": case.state in states.DECIDABLE,
        "offers": offers_for(
            case.subject_type,
            case.reasons,
            powers=by.powers,
            is_escalated=case.is_escalated,
            has_creator=bool(video is not None and video.creator_id),
        ),
        "reported_reasons": [(code, reason_label(code)) for code in case.reasons if code in REASONS],
        "other_reasons": [(one.code, one.label) for one in REASONS.values() if one.code not in case.reasons],
        "main_reason": reason,
        "ends": [(code, END_WORDS[code]) for code in ENDS],
        "snoozes": [(code, SNOOZE_WORDS[code]) for code in SNOOZES],
        "tiles": contact_sheet(shown),
        "board": shown.board if shown else None,
        "sheets": _sheets(case, shown),
        "first_reports": reports[:MOST_OPEN],
        "more_reports": reports[MOST_OPEN:],
        "moments": list_moments(reports),
        "facts": list_video_facts(video) if video else [],
        "matches": describe_matches(video) if video else [],
        "video_address": page_of("videos_video_change", video.pk) if video else "",
        "related": list_related(case, video),
        "notes": list_notes(case, names),
        "decisions": list_decisions(case, names),
        "history": list_history(video) if video else [],
        "appeal": appeal,
        "may_answer": is_appealable and appeal is not None and appeal["decided_by"] != by.actor,
        "instead": [(kind.value, kind.value.replace("_", " ")) for kind in IN_BULK if kind != "no_action"],
        "has_requests": case.state == states.AWAITING_SECOND,
        "play_address": page_of("videos_case_play", case.pk) if video else "",
        "steps": {
            name: page_of("videos_case_step", case.pk, name)
            for name in ("decide", "claim", "release", "escalate", "snooze", "note", "reverse", "answer")
        },
    }


def _subject(case: Case, video: Video | None) -> str:
    if case.subject_type != VIDEO:
        return f"{case.get_subject_type_display()} {case.subject_id}"
    return (video.title or "Untitled") if video is not None else "A video that is gone"


def _sheets(case: Case, shown: Any) -> list[dict[str, Any]]:
    """Return the addresses of the sheets; of an extreme case there are sharp ones alone, for who asks."""
    if shown is None:
        return []
    return [
        {
            "number": number,
            "blurred": ""
            if case.is_extreme
            else page_of("videos_case_blurred", case.pk, shown.tag, str(number)),
            "sharp": page_of("videos_case_sheet", case.pk, shown.tag, str(number)),
        }
        for number in range(shown.board.sheet_count)
    ]
