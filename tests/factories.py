"""Rows as tests need them, made by the services where there is one."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib import ids, storage
from processing.jobs import pipeline
from processing.jobs.models import Job, Step
from processing.jobs.pipeline import StepPlan
from processing.jobs.services import add_steps
from videos import layout
from videos.access.keys import SCOPES
from videos.access.models import ApiKey, Project
from videos.access.services import create_api_key, create_project
from videos.catalog import states
from videos.catalog.models import Rendition, RenditionRun, Video
from videos.catalog.renditions import RenditionFacts
from videos.segment_index import SegmentRun

_numbers = itertools.count(1)
RENDITION_FACTS = RenditionFacts(
    name="v720",
    kind="video",
    codec="avc1.64001f",
    timescale=30000,
    bandwidth_cap_bps=3_200_000,
    width=1280,
    height=720,
    frame_rate=Fraction(30000, 1001),
)


@dataclass(frozen=True, slots=True)
class Account:
    """A project, one of its keys, and the key's text."""

    project: Project
    key: ApiKey
    key_text: str

    def client(self) -> APIClient:
        """Return a client of the REST API that sends the key; a fault is an answer, not an exception."""
        return api_client(self.key_text)


def api_client(key_text: str | None) -> APIClient:
    """Return a client of the REST API, with a key or (None) without; a fault is an answer, not an exception."""
    client = APIClient(raise_request_exception=False)
    if key_text is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_text}")
    return client


def make_project(name: str = "") -> Project:
    return create_project(name=name or f"Project {next(_numbers)}")


def make_api_key(
    project: Project | None = None,
    *,
    scopes: Iterable[str] = SCOPES,
    expires_at: datetime | None = None,
    label: str = "tests",
) -> tuple[ApiKey, str]:
    """Return a key's row and its text."""
    return create_api_key(
        project=project or make_project(), label=label, scopes=scopes, expires_at=expires_at
    )


def make_account(*, scopes: Iterable[str] = SCOPES) -> Account:
    project = make_project()
    key, text = make_api_key(project, scopes=scopes)
    return Account(project, key, text)


def make_video(
    project: Project | None = None,
    *,
    status: str = states.AWAITING_UPLOAD,
    source: bytes | None = None,
    **fields: Any,
) -> Video:
    """Make a video in any status, written as it is; with `source`, its source is stored too."""
    video = Video(project=project or make_project(), status=status, **fields)
    if status == states.READY:
        video.playable, video.progress = True, 100
        video.playable_at = video.ready_at = timezone.now()
    if status == states.DELETING:
        video.deleted_at = timezone.now()
    if source is not None:
        video.source_upload_id = ids.new_upload_id()
        video.source_size_bytes = video.stored_bytes = len(source)
        video.source_sha256 = video.source_sha256 or hashlib.sha256(source).hexdigest()
        video.uploaded_at = timezone.now()
        storage.save_bytes(layout.source_name(video.project_id, video.pk, video.source_upload_id), source)
    video.save()
    return video


def make_rendition(
    video: Video, name: str = "v360", *, runs: Iterable[SegmentRun] = (), **fields: Any
) -> Rendition:
    """Make a rendition of the video's present revision: `v…` is 640x360 H.264 unless told, `a…` stereo AAC."""
    facts: dict[str, Any] = {"codec": "mp4a.40.2", "kind": "audio", "channels": 2, "timescale": 48_000}
    if name.startswith("v"):
        facts = {"codec": "avc1.64001e", "kind": "video", "width": 640, "height": 360, "timescale": 12_800}
        facts |= {"frame_rate": "25", "bandwidth_cap_bps": 900_000}
    rendition = Rendition.objects.create(
        video=video, revision=video.revision, name=name, **{**facts, **fields}
    )
    for index, run in enumerate(runs):
        RenditionRun.objects.create(
            rendition=rendition,
            chunk_index=index,
            first_number=run.first_number,
            start_ticks=run.start_ticks,
            durations=list(run.durations),
            sizes=list(run.sizes),
            key_frame_sizes=list(run.key_frame_sizes),
        )
    return rendition


def make_job(video: Video | None = None, *, plans: Iterable[StepPlan] | None = None, **fields: Any) -> Job:
    """Make a job (of a video in processing) with the steps planned, by default the probe alone."""
    video = video or make_video(status=states.PROCESSING)
    job = Job.objects.create(video=video, revision=video.revision, **fields)
    add_steps(job=job, plans=[pipeline.plan_first_step()] if plans is None else plans)
    return job


def make_step_plan(name: str = "one", *, queue: str = "encode", **fields: Any) -> StepPlan:
    return StepPlan(
        **{"name": name, "kind": "encode_chunk", "queue": queue, "priority": 100, "weight": 1.0, **fields}
    )


def get_step(job: Job, name: str) -> Step:
    return Step.objects.get(job=job, name=name)
