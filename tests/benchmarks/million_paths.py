"""The hot paths: what applications, reviewers, the scheduler and Prometheus ask for all day, as calls that can be counted.

`make bench-million` measures them, and `tests/gilfoyle/test_hot_paths.py` explains their queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.test import APIClient

from gilfoyle.lib.config import Config
from gilfoyle.management.commands.scheduler import sweeps_of
from gilfoyle.observability.figures import GROUPS
from processing.jobs import services as jobs
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.keys import SCOPES
from videos.access.models import Project
from videos.access.services import create_api_key
from videos.access.tracking_link import tracking_address
from videos.catalog import selectors
from videos.catalog.models import Video
from videos.moderation.models import Case
from videos.webhooks import services as webhooks

API, ADMIN, SWEEP, GATE, COMMAND = "API", "admin", "sweep", "gate and figures", "command"
Asked = tuple[str, str, dict[str, Any]]  # a name, a model, and what is asked of its list
LISTS = {
    "videos_video": "videos",
    "processing_job": "jobs",
    "processing_step": "steps",
    "videos_upload": "uploads",
    "videos_uploadgrant": "upload addresses",
    "videos_import": "imports",
    "videos_delivery": "deliveries",
    "videos_webhookendpoint": "endpoints",
    "videos_project": "projects",
    "videos_apikey": "API keys",
    "streaming_signingkey": "signing keys",
    "videos_auditentry": "audit",
    "videos_case": "review queue",
    "videos_fingerprintmatch": "matches",
    "videos_hashlist": "hash lists",
    "auth_user": "staff",
}
RARE, NOWHERE = "quarry rabbit", "zyzzyva"  # in few titles, in none


@dataclass(frozen=True, slots=True)
class Path:
    """One thing that is asked for. `run` does it; a page that is no page raises."""

    kind: str
    name: str
    run: Callable[[], object]


def hot_paths() -> Iterator[Path]:
    """Return the paths of what this process's database holds: the largest project and a small one, an old video and a new one."""
    house = _House()
    yield from house.api()
    yield from house.admin()
    yield from house.sweeps()
    yield from house.gate()


def commands() -> Iterator[Path]:
    """Return the commands that go through all there is, and so take as long as that."""
    for line in ("status --once", "usage", "gc --dry-run", "storage verify", "audit verify"):
        yield Path(COMMAND, line, partial(_command, line))


def _command(line: str) -> None:
    with suppress(
        SystemExit
    ):  # by which one tells that something is missing: there are rows here, and no media
        call_command(*line.split(), stdout=StringIO(), stderr=StringIO())


class _House:
    def __init__(self) -> None:
        projects = Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS).order_by("name")
        self.large, self.small = projects[0], projects[len(projects) - 1]
        ready = Video.objects.filter(project=self.large, status="ready")
        self.video = ready.order_by("created_at")[10]
        users = get_user_model().objects
        self.person = users.filter(username="hot-paths").first() or users.create_superuser("hot-paths")
        self.browser = Client()
        self.browser.force_login(self.person)
        self.clients = {one.pk: self._client(one) for one in (self.large, self.small)}

    def _client(self, project: Project) -> APIClient:
        client = APIClient()
        text = create_api_key(project=project, label="hot paths", scopes=SCOPES)[1]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client

    def _get(self, client: Any, address: str) -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            message = f"{address} answered {answer.status_code}: {answer.content[:300]!r}"
            raise RuntimeError(message)

    def api(self) -> Iterator[Path]:
        """Return what applications ask for, of a large project."""
        video = self.video
        paging = CursorPagination()
        paging.base_url = "http://here/"
        position: Any = str(video.created_at + timedelta(days=1))  # which the stubs take for a number
        told = paging.encode_cursor(Cursor(0, False, position))
        deep = dict(parse_qsl(urlsplit(told).query))
        endpoint = f"webhooks/{self.large.webhook_endpoints.all()[0].pk}/deliveries"
        month = {"created_before": video.created_at + timedelta(days=30)}
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("list, first page", "videos", {}),
            ("list, 100 a page", "videos", {"page_size": 100}),
            ("list, deep page", "videos", deep),
            ("status=ready", "videos", {"status": "ready"}),
            ("status=failed", "videos", {"status": "failed"}),
            ("status=failed, deep page", "videos", {"status": "failed", **deep}),
            ("status of two kinds", "videos", {"status": ["failed", "processing"]}),
            ("status=uploading (none)", "videos", {"status": "uploading"}),
            ("playable=true", "videos", {"playable": "true"}),
            ("playable=false", "videos", {"playable": "false"}),
            ("external_id", "videos", {"external_id": video.external_id}),
            ("external_id (none)", "videos", {"external_id": NOWHERE}),
            ("creator_id", "videos", {"creator_id": video.creator_id}),
            ("created long ago", "videos", month),
            ("text, often", "videos", {"text": "harbour"}),
            ("text, rare", "videos", {"text": RARE}),
            ("text, nowhere", "videos", {"text": NOWHERE}),
            ("metadata, often", "videos", {"metadata.season": "harbour"}),
            ("metadata, rare", "videos", {"metadata.album": "77"}),
            ("metadata, nowhere", "videos", {"metadata.album": NOWHERE}),
            ("a video", f"videos/{video.pk}", {}),
            ("its renditions", f"videos/{video.pk}/renditions", {}),
            ("its job", f"videos/{video.pk}/job", {}),
            ("its history", f"videos/{video.pk}/history", {}),
            ("its use", f"videos/{video.pk}/usage", {}),
            ("account", "account", {}),
            ("reports", "reports", {}),
            ("decisions", "decisions", {}),
            ("use of a project, 30 days", "usage", {}),
            ("webhooks", "webhooks", {}),
            ("deliveries", endpoint, {}),
            ("deliveries that failed", endpoint, {"status": "failed"}),
        ]
        for name, path, query in asked:
            address = f"/api/v1/{path}?{urlencode(query, doseq=True)}"
            yield Path(API, name, partial(self._get, self.clients[self.large.pk], address))
        yield Path(
            API, "list of a small project", partial(self._get, self.clients[self.small.pk], "/api/v1/videos")
        )

    def admin(self) -> Iterator[Path]:
        """Return the pages of the admin: each list, its filters, its search, and the pages of one thing."""
        for name, model, query in (*self._lists(), *self._searches(), *self._filters()):
            address = f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"
            yield Path(ADMIN, name, partial(self._get, self.browser, address))
        for name, address in self._pages():
            yield Path(ADMIN, name, partial(self._get, self.browser, address))

    def _lists(self) -> Iterator[Asked]:
        for model, name in LISTS.items():
            yield name, model, {}
        yield "standing out", "videos_dailyuse", {}

    def _searches(self) -> Iterator[Asked]:
        video = self.video
        for model, name in LISTS.items():
            yield f"{name}: search by a video", model, {"q": video.pk}
            yield f"{name}: search, nowhere", model, {"q": NOWHERE}
        for words in ("harbour", RARE):
            yield f"videos: search, {words}", "videos_video", {"q": words}
            yield f"review queue: search, {words}", "videos_case", {"q": words}
        yield "videos: search by own id", "videos_video", {"q": video.external_id}
        yield "videos: search by creator", "videos_video", {"q": video.creator_id}

    def _filters(self) -> Iterator[Asked]:
        small, video = self.small.pk, self.video
        deep = {"p": max(1, min(190, Video.objects.count() // 60))}
        yield "videos, deep page", "videos_video", deep
        yield "videos of a status", "videos_video", {"status__exact": "failed"}
        yield "videos of no status", "videos_video", {"status__exact": "uploading"}
        yield "videos restricted", "videos_video", {"restriction__exact": "restricted"}
        yield "videos held (none)", "videos_video", {"restriction__exact": "held"}
        yield "videos of a small project", "videos_video", {"project": small}
        day = f"{video.created_at:%Y-%m-%d}"
        yield "videos of a day", "videos_video", {"created_at_from": day, "created_at_to": day}
        for model in ("processing_job", "processing_step"):
            for status in ("done", "failed", "running"):
                yield f"{LISTS[model]} {status}", model, {"status__exact": status}
            yield f"{LISTS[model]} done, deep page", model, {"status__exact": "done", **deep}
        yield "steps of a kind", "processing_step", {"kind": "encode_chunk"}
        yield "steps done of a kind (none)", "processing_step", {"kind": "remux", "status__exact": "done"}
        yield "steps of a queue", "processing_step", {"queue": "encode"}
        yield "steps of a job", "processing_step", {"job": f"job_{video.pk[4:]}"}
        yield "uploads receiving (none)", "videos_upload", {"status__exact": "receiving"}
        yield "uploads of a way (none)", "videos_upload", {"way__exact": "direct"}
        yield "imports failed (none)", "videos_import", {"status__exact": "failed"}
        for model in ("videos_upload", "videos_import", "videos_uploadgrant"):
            yield f"{LISTS[model]} of a small project", model, {"video__project": small}
        for state in ("waiting", "finished", "expired", "revoked"):
            yield f"upload addresses {state}", "videos_uploadgrant", {"state": state}
        yield "deliveries failed", "videos_delivery", {"status__exact": "failed"}
        yield "deliveries waiting (none)", "videos_delivery", {"status__exact": "waiting"}
        yield "deliveries of a small project", "videos_delivery", {"endpoint__project": small}
        yield "audit of a subject (none)", "videos_auditentry", {"subject": "settings"}
        yield "audit of an actor", "videos_auditentry", {"actor_kind__exact": "staff"}
        yield "audit of an object", "videos_auditentry", {"object_id": video.pk}
        yield "audit of a project", "videos_auditentry", {"project_id": small}
        for view in ("due", "appeals", "held", "closed"):
            yield f"review queue: {view}", "videos_case", {"view": view}

    def _pages(self) -> Iterator[tuple[str, str]]:
        video = self.video
        yield "dashboard", reverse("admin:index")
        yield "review queue: counts", reverse("admin:videos_case_counts")
        job_id = f"job_{video.pk[4:]}"
        case_id = Case.objects.filter(subject_type="video").values_list("pk", flat=True)[0]
        for name, model, row_id in (
            ("a video", "videos_video", video.pk),
            ("a job", "processing_job", job_id),
            ("a case", "videos_case", case_id),
            ("a project", "videos_project", self.large.pk),
        ):
            yield name, reverse(f"admin:{model}_change", args=[quote(row_id)])
        for target_type, target_id in (("project", self.large.pk), ("creator", video.creator_id)):
            address = tracking_address(project_id=self.large.pk, target_type=target_type, target_id=target_id)
            yield f"tracking of a {target_type}", f"{address}&days=90"

    def sweeps(self) -> Iterator[Path]:
        for name, sweep in sweeps_of(settings.GILFOYLE).items():
            yield Path(SWEEP, name, sweep)

    def gate(self) -> Iterator[Path]:
        config: Config = settings.GILFOYLE
        video = self.video
        latest = list(Video.objects.filter(status="ready").values_list("pk", flat=True)[:200])
        yield Path(GATE, "policy of a video", partial(selectors.get_playback_policy, video.pk))
        yield Path(GATE, "access of 200 videos", partial(selectors.list_access, latest))
        yield Path(
            GATE, "segments of a video", partial(selectors.list_playable_renditions, video.pk, video.revision)
        )
        for group in GROUPS:
            if group.is_rows:
                yield Path(GATE, f"metrics: {group.name}", partial(_read_all, group.read, config))
        yield Path(GATE, "webhooks: claim", _claim_delivery)
        yield Path(GATE, "steps: claim", _claim_step)


def _read_all(read: Any, config: Config) -> None:
    list(read(config, timezone.now()))


def _claim_delivery() -> None:
    webhooks.claim_delivery(owner="hot paths", lease_s=60, at_once_per_endpoint=4, besides=())


def _claim_step() -> None:
    jobs.claim_step(queue="encode", owner="hot paths", lease_s=60)
    jobs.claim_step(
        queue="encode", owner="hot paths", lease_s=60
    )  # now one is running, and projects take turns
