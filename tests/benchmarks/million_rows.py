"""Rows of a house that has been at work for three years, for `make bench-million`: many videos and all that hangs on them.

Services would take days, so rows are written straight into the tables: videos and the audit's chain from here (COPY on
PostgreSQL), and what follows from videos by the database itself. Everything is drawn from one seed.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils import timezone

from gilfoyle.lib.ids import BASE62
from gilfoyle.lib.transactions import atomic
from processing.jobs.models import Job, Step
from streaming.tokens.models import SigningKey
from tests.benchmarks.loading import Loader
from tests.benchmarks.million_audit import add_entries
from videos.access.models import ApiKey, Project
from videos.catalog import states
from videos.catalog.models import (
    ContentKey,
    EncryptedRevision,
    ImageSet,
    Rendition,
    RenditionRun,
    SourceKey,
    Video,
)
from videos.fingerprints.models import VideoFingerprint
from videos.imports.models import Import
from videos.moderation.models import Case, Decision, Report, Restriction
from videos.uploads.models import DirectUpload, Upload, UploadGrant
from videos.usage.models import DailyPlays, DailyUse
from videos.webhooks.models import Delivery, DeliveryAttempt, WebhookEndpoint

SEED = 7
PROJECTS, YEARS, MOST_WAITING = 100, 3, 5000
WORDS = (  # noqa: SIM905 - words read better so
    "autumn bakery bridge camera canyon castle cellar circus comet coral desert dinner ember estate falcon ferry forest "
    "garden glacier guitar harbour hockey island jungle kitchen lantern lesson market meadow mirror mountain museum "
    "opera orchard parade pepper piano planet pottery puzzle quarry rabbit railway recipe river rocket saddle school "
    "shadow signal skiing stadium station summer sunrise temple theatre thunder tunnel valley village violin volcano "
    "wedding window winter workshop"
).split()
LADDER = "(SELECT 'v1080' AS name, 1920 AS w, 1080 AS h, 1 AS n UNION ALL SELECT 'v360', 640, 360, 2 UNION ALL SELECT 'a1', NULL, NULL, 3)"
STEPS = (
    "(SELECT 'probe' AS name, 'probe' AS kind, 'probe' AS queue, 1 AS n UNION ALL SELECT 'clean', 'clean', 'package', 2"
    " UNION ALL SELECT 'encode-00000', 'encode_chunk', 'encode', 3 UNION ALL SELECT 'finalize', 'finalize', 'package', 4)"
)
# How a job and the last of its steps ended, by its video's status.
OF_JOB = "CASE v.status WHEN 'ready' THEN 'done' WHEN 'failed' THEN 'failed' ELSE 'active' END"
OF_STEP = (
    "CASE WHEN v.status = 'ready' OR s.n < 3 THEN 'done' WHEN v.status = 'failed' THEN 'failed'"
    " WHEN s.n = 3 THEN 'ready' ELSE 'waiting' END"
)
READY, SENT = "v.status = 'ready'", "v.status <> 'awaiting_upload'"
TAIL = "substr(v.id, 5)"  # 18 letters of its own, for the ids of what hangs on a video
NUMBER = "CAST(substr(v.external_id, 6) AS integer)"


@dataclass
class House:
    """Makes the rows of each table, one after the other."""

    count: int
    root_secret: bytes
    drawn: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - no secret
    now: datetime = field(default_factory=timezone.now)
    projects: list[Project] = field(default_factory=list)
    made: list[tuple[str, datetime, str]] = field(default_factory=list)  # id, time and project of each video

    def text(self, length: int) -> str:
        return "".join(self.drawn.choices(BASE62, k=length))

    def adapted(self, at: datetime) -> Any:
        return connection.ops.adapt_datetimefield_value(at)

    def add_accounts(self) -> int:
        """Make projects, each with a key, a signing key and an endpoint of webhooks, and their staff."""
        self.projects = Project.objects.bulk_create(
            Project(name=f"Project {number:03}") for number in range(PROJECTS)
        )
        keys = [
            ApiKey(
                id=f"key_{one.pk}000000", project=one, label="Shop", prefix=self.text(8), digest=self.text(64)
            )
            for one in self.projects
        ]
        ApiKey.objects.bulk_create(keys)
        SigningKey.objects.bulk_create(SigningKey(project=one, max_ttl_s=3600) for one in self.projects)
        receivers = [
            WebhookEndpoint(id=f"whe_{one.pk}000000", project=one, url="https://receiver.example.com/")
            for one in self.projects
        ]
        WebhookEndpoint.objects.bulk_create(receivers)
        staff = get_user_model()
        staff.objects.bulk_create(staff(username=f"reviewer-{number}", is_staff=True) for number in range(20))
        return 4 * PROJECTS + 20

    def add_videos(self) -> int:
        """Make the videos; the first project has a third of them, the last ones have few."""
        owners = self.drawn.choices(
            self.projects, [1 / place**1.3 for place in range(1, PROJECTS + 1)], k=self.count
        )
        likely = {states.READY: 955, states.FAILED: 20, states.AWAITING_UPLOAD: 24}
        statuses = self.drawn.choices(list(likely), list(likely.values()), k=self.count)
        lately = min(500, self.count // 100)  # came in just now
        statuses[-lately:] = [states.PROCESSING] * lately
        loader = Loader(Video(project=self.projects[0]))

        def rows() -> Iterator[list[Any]]:
            span_s = YEARS * 365 * 86400 / self.count
            for number in range(self.count):
                at = self.now - timedelta(seconds=span_s * (self.count - number))
                video_id = f"vid_{self.text(18)}"
                self.made.append((video_id, at, owners[number].pk))
                yield self._video(loader, number, video_id, statuses[number])

        return loader.write(rows())

    def _video(self, loader: Loader, number: int, video_id: str, status: str) -> list[Any]:
        _, at, owner = self.made[number]
        words = self.drawn.choices(WORDS, k=6)
        born = self.adapted(at)
        told: dict[str, Any] = {"created_at": born, "updated_at": born}
        if status != states.AWAITING_UPLOAD:
            size = self.drawn.randrange(1_000_000, 900_000_000)
            told |= {"source_size_bytes": size, "stored_bytes": 2 * size, "source_is_sealed": True}
            told |= {"source_upload_id": f"upl_{video_id[4:]}", "source_sha256": f"{number:064x}"}
            told |= {"duration_s": 5 + self.drawn.random() * 1800, "width": 1920, "height": 1080}
            told |= {
                "uploaded_at": born,
                "source_facts": '{"container": "mp4", "video": {"codec": "h264"}}',
            }
        if status == states.READY:
            told |= {"playable": True, "progress": 100, "playable_at": born, "ready_at": born}
            told["restriction"] = "restricted" if number % 200 == 0 else "none"
        if status == states.FAILED:
            told |= {"failure_code": "source_damaged", "failure_message": "The file can't be read."}
        return loader.row(
            id=video_id,
            project_id=owner,
            title=" ".join(words[:3]).capitalize(),
            description=f"{' '.join(words)}, number {number}." if number % 2 else "",
            metadata=json.dumps({"album": number % 1000, "season": words[0], "shown": number % 3 == 0}),
            external_id=f"item-{number}",
            creator_id=f"user-{int(self.drawn.paretovariate(0.6)) % (self.count // 8 + 1)}",
            status=status,
            revision=video_id[4:20],
            **told,
        )

    def _derive(self, example: models.Model, whose: str, more: str = "", **told: str) -> int:
        return Loader(example).derive(f"videos_video v {more} WHERE {whose}", **told)

    def add_renditions(self) -> int:
        """Make two sizes and a sound of what is ready, each with the segments of one chunk."""
        of_video = {"video_id": "v.id", "revision": "v.revision"}
        blank = Rendition(timescale=12_800, codec="avc1.64001f", is_complete=True)
        count = self._derive(
            blank,
            READY,
            f"CROSS JOIN {LADDER} s",
            **of_video,
            id=f"'ren_' || {TAIL[:-1]}, 17) || s.n",
            name="s.name",
            width="s.w",
            height="s.h",
            kind="CASE WHEN s.w IS NULL THEN 'audio' ELSE 'video' END",
            created_at="v.created_at",
        )
        chunk = RenditionRun(
            chunk_index=0, first_number=0, start_ticks=0, durations=[51_200] * 12, sizes=[180_000] * 12
        )
        return count + Loader(chunk).derive(
            "videos_rendition r", id="'run_' || substr(r.id, 5)", rendition_id="r.id"
        )

    def add_keys_and_pictures(self) -> int:
        """Make the keys, the poster and the fingerprint of what is ready."""
        of_video = {"video_id": "v.id", "revision": "v.revision"}
        made = [
            self._derive(ContentKey(wrapped=bytes(60)), READY, **of_video),
            self._derive(EncryptedRevision(), READY, **of_video),
            self._derive(
                ImageSet(kind="poster", size_bytes=90_000), READY, **of_video, id=f"'img_' || {TAIL}"
            ),
            self._derive(
                SourceKey(wrapped=bytes(60)),
                SENT,
                video_id="v.id",
                name="v.project_id || '/' || v.id || '/source'",
            ),
            self._derive(
                VideoFingerprint(hashes=bytes(160)),
                READY,
                video_id="v.id",
                upload_id="v.source_upload_id",
                sha256="v.source_sha256",
            ),
        ]
        return sum(made)

    def add_work(self) -> int:
        """Make a job and four steps for all that was uploaded."""
        times = {"finished_at": f"CASE WHEN {READY} THEN v.created_at END"}
        failed = "CASE WHEN v.status = 'failed' THEN 'source_damaged' ELSE '' END"
        count = self._derive(
            Job(),
            SENT,
            id=f"'job_' || {TAIL}",
            video_id="v.id",
            revision="v.revision",
            status=OF_JOB,
            failure_code=failed,
            created_at="v.created_at",
            **times,
        )
        return count + self._derive(
            Step(attempt=1),
            SENT,
            f"CROSS JOIN {STEPS} s",
            id=f"'stp_' || {TAIL[:-1]}, 17) || s.n",
            job_id=f"'job_' || {TAIL}",
            name="s.name",
            kind="s.kind",
            queue="s.queue",
            status=OF_STEP,
            ready_at="v.created_at",
            started_at="v.created_at",
            **times,
        )

    def add_uploads(self) -> int:
        """Make an upload of each source, each fourth straight to the bucket, an address for each second, an import for each tenth."""
        of_key = {
            "api_key_id": "'key_' || v.project_id || '000000'",
            "video_id": "v.id",
            "created_at": "v.created_at",
        }
        is_second, address = f"{NUMBER} %% 2 = 1", f"'upg_' || {TAIL}"
        count = self._derive(
            UploadGrant(max_size_bytes=10**10),
            f"{SENT} AND {is_second}",
            id=address,
            expires_at="v.created_at",
            arrived_at="v.created_at",
            **of_key,
        )
        count += self._derive(
            Upload(kind="resumable", status="finished"),
            SENT,
            id="v.source_upload_id",
            project_id="v.project_id",
            grant_id=f"CASE WHEN {is_second} THEN {address} END",
            sha256="v.source_sha256",
            length_bytes="v.source_size_bytes",
            offset_bytes="v.source_size_bytes",
            lease_expires_at="v.created_at",
            finished_at="v.created_at",
            **of_key,
        )
        count += self._derive(
            DirectUpload(part_size_bytes=16 * 1024**2, is_stored=True, is_settled=True),
            f"{SENT} AND {NUMBER} %% 4 = 0",
            upload_id="v.source_upload_id",
            name="'uploads/' || v.project_id || '/' || v.source_upload_id || '/direct'",
        )
        done = Import(source_url="https://files.example.com/a.mp4", status="finished")
        return count + self._derive(
            done,
            f"{SENT} AND {NUMBER} %% 10 = 0",
            id=f"'imp_' || {TAIL}",
            finished_at="v.created_at",
            **of_key,
        )

    def add_cases(self) -> int:
        """Make a case with two reports for each fiftieth video: the latest wait, all others were decided."""
        chosen = f"{READY} AND {NUMBER} %% 50 = 3"
        first_waiting = self.count - 50 * min(MOST_WAITING, self.count // 200)
        is_open, was_decided = f"{NUMBER} >= {first_waiting}", f"{chosen} AND {NUMBER} < {first_waiting}"
        of_project, case = {"project_id": "v.project_id"}, f"'case_' || {TAIL[:-1]}, 17)"
        about = {"subject_id": "v.id", **of_project}
        blank = Case(subject_type="video", reasons=["spam"], severity=2, report_count=2)
        blank.plays_at = blank.due_at = self.now + timedelta(days=1)
        count = self._derive(
            blank,
            chosen,
            **about,
            id=case,
            state=f"CASE WHEN {is_open} THEN 'open' ELSE 'closed' END",
            priority=f"{NUMBER} * 7 %% 900",
            opened_at="v.created_at",
            closed_at=f"CASE WHEN {is_open} THEN NULL ELSE v.created_at END",
        )
        count += self._derive(
            Report(subject_type="video", reason="spam"),
            chosen,
            "CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) s",
            **about,
            id=f"'rep_' || {TAIL[:-1]}, 17) || s.n",
            case_id=case,
            reporter=f"'reporter ' || ({NUMBER} * s.n)",
            state=f"CASE WHEN {is_open} THEN 'open' ELSE 'rejected' END",
            created_at="v.created_at",
        )
        decision = f"'dec_' || {TAIL}"
        count += self._derive(
            Decision(
                kind="restrict", target_type="video", reason="spam", channel="staff", decided_by="staff:1"
            ),
            was_decided,
            **of_project,
            id=decision,
            case_id=case,
            target_id="v.id",
            created_at="v.created_at",
        )
        return count + self._derive(
            Restriction(kind="restrict", target_type="video"),
            was_decided,
            **of_project,
            id=f"'rst_' || {TAIL}",
            decision_id=decision,
            target_id="v.id",
            starts_at="v.created_at",
            ended_at=f"CASE WHEN {NUMBER} %% 4 = 3 THEN NULL ELSE v.created_at END",
        )

    def add_audit(self) -> int:
        """Make an entry of each video, linked and sealed as the product does it."""
        return add_entries(self.made, adapted=self.adapted, now=self.now, root_secret=self.root_secret)

    def add_use(self) -> int:
        """Make two days of plays of each ready video, and a quarter of a year of projects', keys' and creators' use."""
        today = self.now.date()
        days = [str(connection.ops.adapt_datefield_value(today - timedelta(days=back))) for back in range(90)]
        numbered = " UNION ALL ".join(f"SELECT {n} AS n, '{day}' AS day" for n, day in enumerate(days))
        day = "CAST(d.day AS date)" if connection.vendor == "postgresql" else "d.day"
        on_two = f"JOIN ({numbered}) d ON d.n = {NUMBER} %% 90 OR d.n = ({NUMBER} + 31) %% 90"
        plays = DailyPlays(plays=12, watched_s=700, sent_bytes=10**7)
        count = self._derive(plays, READY, on_two, project_id="v.project_id", video_id="v.id", day=day)
        made = []
        for place, project in enumerate(self.projects):
            targets = [("project", project.pk), ("api_key", f"key_{project.pk}000000")]
            targets += [("creator", f"user-{place * 40 + creator}") for creator in range(40)]
            made += [(project.pk, kind, target) for kind, target in targets]
        loader = Loader(DailyUse(day=today, amount=9))
        names = ("project_id", "target_type", "target_id")
        rows = (
            loader.row(day=day, measure=measure, **dict(zip(names, target, strict=True)))
            for day in days
            for target in made
            for measure in ("begun", "uploads", "bytes_in")
        )
        return count + loader.write(islice(rows, 2 * self.count))

    def add_deliveries(self) -> int:
        """Make a delivery of what is ready, all of which ended but a moment ago."""
        blank = Delivery(event_type="video.ready", body='{"type": "video.ready"}', attempt=1, tries=1)
        blank.created_at = blank.finished_at = self.now
        count = self._derive(
            blank,
            READY,
            id=f"'msg_' || {TAIL}",
            endpoint_id="'whe_' || v.project_id || '000000'",
            project_id="v.project_id",
            subject_id="v.id",
            status=f"CASE WHEN {NUMBER} %% 100 = 1 THEN 'failed' ELSE 'delivered' END",
        )
        tried = DeliveryAttempt(number=1, started_at=self.now, duration_ms=40, response_status=200)
        return count + self._derive(tried, READY, delivery_id=f"'msg_' || {TAIL}")


def seed(videos: int, *, root_secret: bytes, say: Callable[[str], object]) -> int:
    """Fill a migrated database that has no videos; returns how many rows it has then."""
    house, total = House(videos, root_secret), 0
    steps = (
        house.add_accounts,
        house.add_videos,
        house.add_renditions,
        house.add_keys_and_pictures,
        house.add_work,
        house.add_uploads,
        house.add_cases,
        house.add_audit,
        house.add_use,
        house.add_deliveries,
    )
    for step in steps:
        began_s = time.monotonic()
        count = atomic(step)()
        total += count
        say(f"{step.__name__}: {count:,} rows in {time.monotonic() - began_s:.0f} s")
    return total
