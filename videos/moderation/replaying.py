"""Rules tried on what has happened: what each would have done, and what people thought of it. Writes nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count

from gilfoyle.lib.rule_settings import Rule
from videos.catalog.models import Video
from videos.moderation import rules
from videos.moderation.automation_models import RuleHit, RuleStop
from videos.moderation.policy import Kind
from videos.moderation.rule_history import BATCH, Judgement, VideoHistory, judged_videos, read_histories

# What people came to after a rule was true of a video.
FINE, ACTED_ON, UNDECIDED = "fine", "acted_on", "undecided"
VERDICTS = (FINE, ACTED_ON, UNDECIDED)
MOST_EXAMPLES = 5  # of each verdict
_LET_BE = (Kind.NO_ACTION, Kind.LIFT)


@dataclass(frozen=True, slots=True)
class Example:
    """A video that a rule was true of, when, and what people came to later."""

    video_id: str
    project_id: str
    at: datetime
    verdict: str


@dataclass(frozen=True, slots=True)
class WouldStop:
    """Where and when a rule would have stopped itself, and how many of the holds counted come later than that."""

    project_id: str
    at: datetime
    later: int


@dataclass(slots=True)
class Outcome:
    """What one rule would have come to; `verdicts` counts videos, `examples` names some of each."""

    rule: Rule
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    examples: list[Example] = field(default_factory=list)
    stops: list[WouldStop] = field(default_factory=list)

    @property
    def videos(self) -> int:
        return sum(self.verdicts.values())


@dataclass(slots=True)
class Replay:
    """What rules would have come to between two moments."""

    since: datetime
    until: datetime
    outcomes: list[Outcome]
    videos: int = 0  # to which anything happened
    acted_on: int = 0  # cases in which a person did something about a video
    missed: int = 0  # of those: no rule was true before
    missed_videos: list[str] = field(default_factory=list)


def replay(
    wanted: Sequence[Rule], *, since: datetime, until: datetime, progress: Callable[[int], None] | None = None
) -> Replay:
    """Try rules on all that happened between two moments; `progress` hears how many videos were looked at."""
    told = Replay(since, until, [Outcome(rule) for rule in wanted])
    windows = [timedelta(hours=rule.when.within_h) for rule in wanted]
    held: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for batch in read_histories(since=since, until=until, windows=windows):
        for history in batch:
            _try_on(history, told, held)
        told.videos += len(batch)
        if progress is not None:
            progress(told.videos)
    sizes = _sizes({project_id for _, project_id in held})
    for outcome in told.outcomes:
        times = {project: held[name, project] for name, project in held if name == outcome.rule.name}
        outcome.stops = [
            stop
            for project, of_project in sorted(times.items())
            if (stop := would_stop(of_project, project_id=project, videos=sizes.get(project, 0))) is not None
        ]
    return told


def _try_on(
    history: VideoHistory,
    told: Replay,
    held: dict[tuple[str, str], list[datetime]],
) -> None:
    acted = [one for one in history.judged if one.at >= told.since and _verdict_of(one) == ACTED_ON]
    # What happened before the time in question counts only for whether a rule had caught what was decided in it.
    first_ever, true = _when_true(history, told, is_before_counted=bool(acted))
    for outcome in told.outcomes:
        rule, at = outcome.rule, true.get(outcome.rule.name)
        if at is None:
            continue
        verdict = verdict_after(history.judged, at)
        outcome.verdicts[verdict] += 1
        if sum(one.verdict == verdict for one in outcome.examples) < MOST_EXAMPLES:
            outcome.examples.append(Example(history.video_id, history.project_id, at, verdict))
        if rule.do.hold:
            held[rule.name, history.project_id].append(at)
    cases: dict[str, datetime] = {}
    for one in acted:
        cases.setdefault(one.case_id, one.at)
    missed = sum(first_ever is None or first_ever > at for at in cases.values())
    told.acted_on += len(cases)
    told.missed += missed
    if missed and len(told.missed_videos) < MOST_EXAMPLES:
        told.missed_videos.append(history.video_id)


def _when_true(
    history: VideoHistory, told: Replay, *, is_before_counted: bool
) -> tuple[datetime | None, dict[str, datetime]]:
    """Return when any rule was first true of a video, and when each first was in the time in question."""
    first_ever: datetime | None = None
    true: dict[str, datetime] = {}
    for happening in history.happenings:
        pending = [
            outcome.rule
            for outcome in told.outcomes
            if outcome.rule.name not in true and rules.event_of(outcome.rule.when) == happening.event
        ]
        is_asked = is_before_counted or happening.at >= told.since
        facts = history.facts_at(happening) if pending and is_asked else None
        for rule in pending:
            if facts is not None and rules.is_true(rule, facts) and not rules.is_braked(rule, facts):
                first_ever = first_ever or happening.at
                if happening.at >= told.since:
                    true[rule.name] = happening.at
    return first_ever, true


def _verdict_of(judgement: Judgement) -> str:
    if judgement.kind == Kind.LEGAL_HOLD:  # it says nothing of right and wrong
        return UNDECIDED
    return FINE if judgement.kind in _LET_BE else ACTED_ON


def verdict_after(judged: Iterable[Judgement], at: datetime) -> str:
    """Return what people came to last, of what they decided since then."""
    found = [_verdict_of(one) for one in judged if one.at >= at]
    return next((one for one in reversed(found) if one != UNDECIDED), UNDECIDED)


def would_stop(times: Sequence[datetime], *, project_id: str, videos: int) -> WouldStop | None:
    """Return where a rule that held at these moments would have stopped itself in a project of so many videos."""
    ordered = sorted(times)
    for number, at in enumerate(ordered):
        lately = number - bisect_left(ordered, at - timedelta(hours=1))
        if rules.is_runaway(held=lately, videos=videos):
            return WouldStop(project_id, at, len(ordered) - number)
    return None


def _sizes(projects: Iterable[str]) -> dict[str, int]:
    counted = Video.objects.filter(project__in=list(projects)).order_by().values("project")
    return {one["project"]: one["n"] for one in counted.annotate(n=Count("pk"))}


@dataclass(slots=True)
class Record:
    """What a rule has really done since a moment. `stopped_in`: projects in which it has stopped itself."""

    rule: Rule
    hits: int = 0
    held: int = 0
    noted: int = 0
    last_at: datetime | None = None
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    stopped_in: list[str] = field(default_factory=list)


def records_of(wanted: Sequence[Rule], *, since: datetime) -> list[Record]:
    """Return what rules have done since then; an earlier wording of a rule counts as the rule, but not its stops."""
    records = {rule.name: Record(rule) for rule in wanted}
    for rule in wanted:
        stops = RuleStop.objects.filter(rule=rule.name, version=rules.version_of(rule))
        records[rule.name].stopped_in = sorted(stops.values_list("project_id", flat=True))
    # By the primary key, so that each batch begins where the one before ended.
    hits = RuleHit.objects.filter(rule__in=list(records), at__gte=since).order_by("pk")
    last = ""
    while batch := list(hits.filter(pk__gt=last)[:BATCH]):
        judged = judged_videos({hit.video_id for hit in batch}, projects={hit.project_id for hit in batch})
        for hit in batch:
            record = records[hit.rule]
            record.hits += 1
            record.held += hit.is_held and not hit.is_shadow
            record.noted += hit.is_shadow
            record.last_at = max(record.last_at or hit.at, hit.at)
            record.verdicts[verdict_after(judged.get(hit.video_id, ()), hit.at)] += 1
        last = batch[-1].pk
    return list(records.values())
