"""What happened to videos, as rules would have seen it then: read in batches, so that a large library fits.

Rows tell most of it as it stood. `AS_OF_TODAY` says what they don't.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from videos.catalog.models import Video
from videos.fingerprints.models import FingerprintMatch
from videos.moderation import priority, states
from videos.moderation.models import PUBLIC_FORM, Decision, Report
from videos.moderation.policy import VIDEO, Kind
from videos.moderation.reasons import REASONS
from videos.moderation.rules import COMING, MATCHING, PUBLIC, REPORT, Facts, Said
from videos.moderation.ruling import BY_PEOPLE, MOST_REPORTS, MOST_UPLOADS

BATCH = 500
FLOOD = 100  # reports of a video
MOST_KEPT = 500_000  # moments of uploads, and as many of settled reports, that are remembered between batches
AS_OF_TODAY = (
    "The length and the creator of a video, and how much of it was recognised, are those of today.",
    "Of a video whose file was replaced, only the latest upload is known.",
    "Reports that were withdrawn since don't count; neither do videos, creators and reports that were erased since.",
    "What a hold would have kept from happening (later reports, plays) has happened here.",
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that rules are asked about. `event`: as in `rules`."""

    at: datetime
    event: str
    match_share: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person decided of a video."""

    at: datetime
    kind: str
    case_id: str


@dataclass(frozen=True, slots=True)
class _Reported:
    at: datetime
    reason: str
    person: str


def _moment(said: _Reported) -> datetime:
    return said.at


@dataclass(frozen=True, slots=True)
class _Fared:
    """When reports of one person were found right, and when wrong; each in order."""

    upheld: Sequence[datetime] = ()
    rejected: Sequence[datetime] = ()

    def weight_at(self, at: datetime) -> float:
        return 2 * priority.accuracy(bisect_right(self.upheld, at), bisect_right(self.rejected, at))


_STRANGER = _Fared()


@dataclass(frozen=True, slots=True)
class VideoHistory:
    """All of one video that rules ask for; everything in the order of time."""

    video_id: str
    project_id: str
    duration_s: float | None
    uploaded_at: datetime | None
    playable_at: datetime | None
    happenings: Sequence[Happening]
    reports: Sequence[_Reported]
    people: Mapping[str, _Fared]
    uploads: Sequence[datetime]
    judged: Sequence[Judgement]
    window: timedelta

    def facts_at(self, happening: Happening) -> Facts:
        """Return what rules would have been told, of reports and uploads what lies in their longest window."""
        at, window = happening.at, self.window
        until = bisect_right(self.reports, at, key=_moment)
        since = max(until - MOST_REPORTS, bisect_right(self.reports, at - window, key=_moment))
        so_far = self.reports[since:until]
        weights = {
            one: self.people.get(one, _STRANGER).weight_at(at) for one in {said.person for said in so_far}
        }
        count = bisect_right(self.uploads, at)
        first = max(count - MOST_UPLOADS, bisect_right(self.uploads, at - window), 0)
        last = next((one for one in reversed(self.judged) if one.at <= at), None)
        is_probed = self.playable_at is not None and self.playable_at <= at
        return Facts(
            event=happening.event,
            now=at,
            project_id=self.project_id,
            reports=tuple(
                Said(one.at, one.reason, REASONS[one.reason].severity, one.person, weights[one.person])
                for one in so_far
            ),
            uploads=tuple(self.uploads[first:count]),
            first_upload_at=self.uploads[0] if count else None,
            duration_s=self.duration_s if is_probed else None,
            match_share=happening.match_share,
            let_be_at=last.at if last is not None and last.kind == Kind.NO_ACTION else None,
            came_at=self.uploaded_at if self.uploaded_at is not None and self.uploaded_at <= at else None,
        )


def read_histories(
    *, since: datetime, until: datetime, windows: Sequence[timedelta]
) -> Iterator[list[VideoHistory]]:
    """Yield all videos to which something happened in that time, or of which somebody decided, batch by batch.

    `windows`: how far back each of the rules counts reports and uploads.
    """
    span = (since, until)
    of_video = {"project_id": OuterRef("project_id"), "created_at__range": span}
    reports = Report.objects.filter(**of_video, subject_type=VIDEO, subject_id=OuterRef("pk"))
    decisions = Decision.objects.filter(**of_video, target_type=VIDEO, target_id=OuterRef("pk"))
    matches = FingerprintMatch.objects.filter(video_id=OuterRef("pk"), created_at__range=span)
    touched = Video.objects.filter(
        Q(uploaded_at__range=span)
        | Q(playable_at__range=span)
        | Exists(reports)
        | Exists(decisions)
        | Exists(matches)
    ).order_by("pk")
    reader, last = _Reader(until, windows), ""
    while videos := list(
        touched.filter(pk__gt=last).only(
            "pk", "project_id", "creator_id", "duration_s", "uploaded_at", "playable_at"
        )[:BATCH]
    ):
        yield reader.read(videos)
        last = videos[-1].pk


def judged_videos(
    video_ids: Iterable[str], *, projects: Iterable[str], until: datetime | None = None
) -> dict[str, list[Judgement]]:
    """Return what people decided of videos, the earliest first; that they held one until later decides nothing."""
    made = Decision.objects.filter(
        project__in=list(projects),
        target_type=VIDEO,
        target_id__in=list(video_ids),
        is_automated=False,
        case__isnull=False,
    ).exclude(kind=Kind.HOLD)
    if until is not None:
        made = made.filter(created_at__lte=until)
    judged: dict[str, list[Judgement]] = defaultdict(list)
    rows = made.order_by().values_list("created_at", "pk", "target_id", "kind", "case_id")
    for at, _, video_id, kind, case_id in sorted(rows):
        judged[video_id].append(Judgement(at, kind, case_id or ""))
    return judged


def thinned(reports: Sequence[_Reported], *, within: timedelta) -> Sequence[_Reported]:
    """Leave out of a flood what repeats within the time that counts: where the first was not enough, no other is."""
    if len(reports) <= FLOOD:
        return reports
    kept: list[_Reported] = []
    latest: dict[tuple[str, str], datetime] = {}
    for one in reports:
        said = (one.person, one.reason)
        if said not in latest or latest[said] <= one.at - within:
            kept.append(one)
        latest[said] = one.at
    return kept


class _Reader:
    """Reads what belongs to a batch of videos, with a fixed number of queries."""

    def __init__(self, until: datetime, windows: Sequence[timedelta]) -> None:
        self._until = until
        self._shortest = min(windows, default=timedelta())
        self._longest = max(windows, default=timedelta())
        self._people: dict[str, _Fared] = {}
        self._uploads: dict[tuple[str, str], list[datetime]] = {}

    def read(self, videos: Sequence[Video]) -> list[VideoHistory]:
        ids = [video.pk for video in videos]
        projects = {video.project_id for video in videos}
        self._know_uploads(videos, projects)
        reports, happenings = self._reports(ids, projects)
        self._know_people({one.person for said in reports.values() for one in said}, projects)
        judged = judged_videos(ids, projects=projects, until=self._until)
        for match in FingerprintMatch.objects.filter(video_id__in=ids, created_at__lte=self._until):
            happenings[match.video_id].append(Happening(match.created_at, MATCHING, match.video_share))
        for video in videos:
            for at in {video.uploaded_at, video.playable_at} - {None}:
                if at is not None and at <= self._until:
                    happenings[video.pk].append(Happening(at, COMING))
        return [
            VideoHistory(
                video.pk,
                video.project_id,
                video.duration_s,
                video.uploaded_at,
                video.playable_at,
                sorted(happenings[video.pk], key=lambda one: one.at)[-MOST_REPORTS:],
                reports[video.pk],
                self._people,
                self._uploads.get((video.project_id, video.creator_id), []),
                judged[video.pk],
                self._longest,
            )
            for video in videos
        ]

    def _reports(
        self, ids: Sequence[str], projects: set[str]
    ) -> tuple[dict[str, list[_Reported]], dict[str, list[Happening]]]:
        found = Report.objects.filter(
            project__in=projects, subject_type=VIDEO, subject_id__in=ids, channel__in=BY_PEOPLE
        )
        kept = found.filter(created_at__lte=self._until).exclude(state=states.WITHDRAWN)
        reports: dict[str, list[_Reported]] = defaultdict(list)
        news: dict[str, list[_Reported]] = defaultdict(list)
        # Put in order here: told to order them, a database may read all of a project's to find these.
        rows = kept.order_by().values_list(
            "created_at", "pk", "subject_id", "reason", "reporter", "case__closed_at", "channel"
        )
        for at, _, video_id, reason, person, closed_at, channel in sorted(rows):
            said = _Reported(at, reason, PUBLIC if channel == PUBLIC_FORM else person)
            reports[video_id].append(said)
            # What a closed case had answered already was put to it, and set off nothing.
            if closed_at is None or closed_at > at:
                news[video_id].append(said)
        return reports, defaultdict(
            list,
            {
                video_id: [Happening(one.at, REPORT) for one in thinned(some, within=self._shortest)]
                for video_id, some in news.items()
            },
        )

    def _know_people(self, people: set[str], projects: set[str]) -> None:
        if sum(len(one.upheld) + len(one.rejected) for one in self._people.values()) > MOST_KEPT:
            self._people.clear()
        unknown = [one for one in sorted(people - {""}) if one not in self._people]
        for start in range(0, len(unknown), BATCH):
            some = unknown[start : start + BATCH]
            fared: dict[str, tuple[list[datetime], list[datetime]]] = {one: ([], []) for one in some}
            settled = Report.objects.filter(
                project__in=projects, reporter__in=some, state__in=(states.UPHELD, states.REJECTED)
            ).exclude(settled_at=None)
            for at, person, state in sorted(
                settled.order_by().values_list("settled_at", "reporter", "state")
            ):
                if at is not None:
                    fared[person][state != states.UPHELD].append(at)
            self._people.update({one: _Fared(*both) for one, both in fared.items()})

    def _know_uploads(self, videos: Sequence[Video], projects: set[str]) -> None:
        if sum(len(one) for one in self._uploads.values()) > MOST_KEPT:
            self._uploads.clear()
        wanted = {(video.project_id, video.creator_id) for video in videos if video.creator_id}
        unknown = wanted - self._uploads.keys()
        times: dict[tuple[str, str], list[datetime]] = {one: [] for one in unknown}
        came = Video.objects.filter(project__in=projects, creator_id__in={creator for _, creator in unknown})
        rows = came.exclude(uploaded_at=None).order_by()
        for at, project_id, creator_id in sorted(rows.values_list("uploaded_at", "project_id", "creator_id")):
            if at is not None and (project_id, creator_id) in times:
                times[project_id, creator_id].append(at)
        self._uploads.update(times)
