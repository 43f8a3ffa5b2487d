"""What a case's page shows beside its buttons: who said what, which moments, what is known of whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.safestring import SafeString

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import Tone, clock, pill, size_in_words, size_of_picture, when
from videos.access.tracking_link import tracking_address
from videos.catalog.models import Video
from videos.catalog.restrictions import terms_of_video
from videos.fingerprints.models import EXACT_KINDS, FALSE, PENDING, TRUE, FingerprintMatch
from videos.fingerprints.selectors import list_matches
from videos.moderation import selectors, states
from videos.moderation.blurring import chosen_tiles
from videos.moderation.models import (
    CONSUMER_API,
    MATCH,
    PUBLIC_FORM,
    RULE,
    STAFF,
    Case,
    Decision,
    Report,
    Restriction,
)
from videos.moderation.pictures import Pictures
from videos.moderation.policy import CREATOR, KINDS, PROJECT, VIDEO, Kind
from videos.moderation.reasons import REASONS

MOST_REPORTS, MOST_TILES, MOST_HAPPENINGS, MOST_MOMENTS = 100, 60, 40, 30
PARTS = {
    "severity": "severity",
    "reach": "plays",
    "public": "viewers alone",
    "reporters": "reporters",
    "match": "recognised",
    "due": "due",
    "held": "held already",
    "by_hand": "by hand",
}
CHANNEL_WORDS = {
    CONSUMER_API: "By the API",
    PUBLIC_FORM: "By a viewer",
    RULE: "By a rule",
    MATCH: "Recognised",
    STAFF: "By the staff",
}
VERDICT_WORDS = {PENDING: "Open", TRUE: "Right", FALSE: "Wrong"}
VERDICT_TONES: dict[str, Tone] = {PENDING: "wait", TRUE: "bad", FALSE: "plain"}


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report, in words."""

    reason: str
    comment: str
    evidence: tuple[str, ...]
    at_s: float | None
    at: str
    channel: str
    reporter: str
    state: SafeString
    filed: SafeString | str


@dataclass(frozen=True, slots=True)
class TileButton:
    """One picture of the contact sheet, and where it leads to; `x` and `y` are percent of its sheet."""

    at_s: float
    at: str
    sheet: int
    x: float
    y: float


def reason_label(code: str) -> str:
    """Return a reason in words."""
    return REASONS[code].label if code in REASONS else code


def why_on_top(case: Case) -> list[tuple[str, int]]:
    """Return what a case's priority is made of, the most first."""
    parts = [(PARTS.get(name, name), part) for name, part in case.score_parts.items()]
    return sorted(parts, key=lambda one: -one[1])


def name_actors(actors: Iterable[str]) -> dict[str, str]:
    """Return people's names by how rows name them (`staff:12`), in one query."""
    wanted = {one for one in actors if one}
    numbers = [one.partition(":")[2] for one in wanted if one.startswith("staff:")]
    users: Any = get_user_model().objects.filter(pk__in=[one for one in numbers if one.isdecimal()])
    names = {f"staff:{user.pk}": user.get_username() for user in users}
    return {one: names.get(one) or one.partition(":")[0].replace("_", " ") for one in wanted}


def list_reports(case: Case) -> list[ReportRow]:
    """Return what was said, the latest first."""
    found = []
    for report in Report.objects.filter(case=case)[:MOST_REPORTS]:
        text = selectors.text_of_report(report)
        found.append(
            ReportRow(
                reason=reason_label(report.reason),
                comment=text["comment"],
                evidence=tuple(text["evidence"]),
                at_s=report.at_s,
                at="" if report.at_s is None else moment(report.at_s),
                channel=CHANNEL_WORDS.get(report.channel, report.channel),
                reporter=f"person {report.reporter[:6]}"
                if report.reporter and report.channel != PUBLIC_FORM
                else "",
                state=pill(report.state, "plain"),
                filed=when(report.created_at),
            )
        )
    return found


def moment(at_s: float) -> str:
    """Return a place in a video as 0:07."""
    minutes, seconds = divmod(int(at_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def list_moments(reports: list[ReportRow]) -> list[tuple[float, str, int]]:
    """Return the places that were reported: seconds, in words, and how often."""
    counted = Counter(round(one.at_s, 1) for one in reports if one.at_s is not None)
    return [(at_s, moment(at_s), counted[at_s]) for at_s in sorted(counted)][:MOST_MOMENTS]


def contact_sheet(pictures: Pictures | None) -> list[TileButton]:
    """Return the pictures of a storyboard, evenly over the whole video."""
    if pictures is None:
        return []
    board = pictures.board

    def percent(offset: int, size: int, count: int) -> float:
        return round(100 * (offset / size) / (count - 1), 4) if count > 1 else 0

    return [
        TileButton(
            at_s=tile.start_s,
            at=moment(tile.start_s),
            sheet=tile.sheet,
            x=percent(tile.x, board.tile_width, board.columns),
            y=percent(tile.y, board.tile_height, board.rows),
        )
        for tile in chosen_tiles(board, MOST_TILES)
    ]


def list_video_facts(video: Video) -> list[tuple[str, Any]]:
    """Return what is known of the file."""
    terms = terms_of_video(video)
    on_terms = [
        *(["age label"] if terms.needs_age else []),
        *(["no embedding"] if terms.embedding_off else []),
        *([f"not in {', '.join(terms.blocked_countries)}"] if terms.blocked_countries else []),
    ]
    facts: list[tuple[str, Any]] = [
        ("Duration", clock(video.duration_s)),
        ("Picture", size_of_picture(video.width, video.height)),
        ("Source", size_in_words(video.source_size_bytes)),
        ("Uploaded", when(video.uploaded_at)),
        ("Status", pill(video.status)),
        ("Restriction", pill(terms.level) if terms.level != "none" else "none"),
        ("Plays on terms", ", ".join(on_terms)),
        ("SHA-256", f"{video.source_sha256[:16]}…" if video.source_sha256 else ""),
    ]
    return [(name, value) for name, value in facts if value not in {"", None}]


def score_in_words(match: FingerprintMatch) -> str:
    """Return how much of a video was recognised, and where."""
    if match.kind in EXACT_KINDS:
        return "the same file"
    return (
        f"{match.video_share:.0%} of this video, here from {moment(match.at_s)}, "
        f"there from {moment(match.ban_at_s)}, {match.frames} pictures, {match.least_bits} of 256 bits differ"
    ).replace("%", "\N{NO-BREAK SPACE}%", 1)


def verdict_pill(verdict: str) -> SafeString:
    """Return whether a match was found to be right."""
    return pill(VERDICT_WORDS[verdict], VERDICT_TONES[verdict])


def describe_matches(video: Video) -> list[dict[str, Any]]:
    """Return what a video was recognised as: how much of it, and where."""
    return [
        {
            "list": one.ban.hash_list.name,
            "kind": one.kind.upper(),
            "what": one.ban.reference or one.ban.video_id or f"{one.ban.digest[:12]}…",
            "score": score_in_words(one),
            "at_s": one.at_s,
            "at": moment(one.at_s),
            "is_whole": one.kind in EXACT_KINDS,
            "verdict": verdict_pill(one.verdict),
            "address": page_of("videos_fingerprintmatch_change", one.pk),
        }
        for one in list_matches(video_id=video.pk)
    ]


def list_related(case: Case, video: Video | None) -> list[dict[str, Any]]:
    """Return what is known of who is behind a case: the creator and the project, in counts."""
    rows, videos = [], Video.objects.filter(project_id=case.project_id)
    creator_id = case.subject_id if case.subject_type == CREATOR else video.creator_id if video else ""
    if creator_id:
        address = page_list("videos_video", q=creator_id)
        made = videos.filter(creator_id=creator_id)
        rows.append(
            _related("Creator", creator_id, address, made, case) | _tracked(case, CREATOR, creator_id)
        )
    address = page_of("videos_project_change", case.project_id)
    of_project = _related("Project", case.project.name, address, videos, case)
    return [*rows, of_project | _tracked(case, PROJECT, case.project_id)]


def _tracked(case: Case, target_type: str, target_id: str) -> dict[str, Any]:
    address = tracking_address(project_id=case.project_id, target_type=target_type, target_id=target_id)
    return {"tracking": address}


def page_list(model: str, **query: str) -> str:
    """Return the address of a list, narrowed."""
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"


def _related(what: str, name: str, address: str, videos: Any, case: Case) -> dict[str, Any]:
    ids = videos.order_by().values("pk")
    cases = Case.objects.filter(project_id=case.project_id, subject_type=VIDEO, subject_id__in=ids)
    kinds = Decision.objects.filter(
        project_id=case.project_id, target_type=VIDEO, target_id__in=ids
    ).values_list("kind", flat=True)[:500]
    counted = Counter(kinds)
    return {
        "what": what,
        "name": name,
        "address": address,
        "videos": videos.count(),
        "cases": cases.exclude(pk=case.pk).count(),
        "decisions": [(KINDS[Kind(kind)].label, count) for kind, count in counted.most_common()],
    }


def list_decisions(case: Case, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return what was decided in a case so far, and whether it still restricts something."""
    active = set(
        Restriction.objects.filter(decision__case=case, ended_at=None).values_list("decision_id", flat=True)
    )
    return [
        {
            "id": one.pk,
            "label": KINDS[Kind(one.kind)].label,
            "reason": reason_label(one.reason),
            "by": names.get(one.decided_by, one.decided_by),
            "at": when(one.created_at),
            "explanation": one.explanation,
            "is_active": one.pk in active,
            "is_reversible": one.pk in active and one.kind != Kind.PURGE,
        }
        for one in case.decisions.all()
    ]


def list_notes(case: Case, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return what reviewers told each other."""
    return [
        {
            "by": names.get(one.written_by, one.written_by),
            "at": when(one.created_at),
            "text": selectors.text_of_note(one),
        }
        for one in case.notes.all()
    ]


def open_appeal(case: Case, names: dict[str, str]) -> dict[str, Any] | None:
    """Return the appeal that waits for an answer."""
    found = case.appeals.select_related("decision").filter(state=states.APPEAL_OPEN).first()
    if found is None:
        return None
    return {
        "id": found.pk,
        "text": selectors.text_of_appeal(found),
        "filed": when(found.filed_at),
        "label": KINDS[Kind(found.decision.kind)].label,
        "reason": reason_label(found.decision.reason),
        "by": names.get(found.decided_by, found.decided_by),
        "decided_by": found.decided_by,
    }


def list_history(video: Video) -> list[dict[str, Any]]:
    """Return all that happened to a video, the latest first."""
    return [
        {
            "at": when(one.at),
            "what": one.verb.replace(".", " ").replace("_", " "),
            "by": one.by.replace("_", " "),
            "more": ", ".join(
                str(one.data[name]).replace("_", " ")
                for name in ("kind", "reason", "outcome")
                if name in one.data
            ),
        }
        for one in selectors.video_history(video=video, limit=MOST_HAPPENINGS)
    ]
