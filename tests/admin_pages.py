"""The admin as its tests see it: who looks, at which pages, and texts that must never become markup."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gilfoyle.admin import player_address
from gilfoyle.staff.roles import Role
from processing.jobs import services as jobs
from processing.jobs.models import Job
from streaming.tokens.models import SigningKey
from tests.factories import get_step, make_api_key, make_job, make_rendition, make_video
from videos.access.tracking_link import tracking_address
from videos.catalog import states
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.segment_index import SegmentRun
from videos.uploads.models import Upload, UploadGrant

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(2)>"
LISTS = (
    "videos_video",
    "videos_upload",
    "videos_import",
    "videos_uploadgrant",
    "videos_webhookendpoint",
    "videos_delivery",
    "processing_job",
    "processing_step",
    "videos_project",
    "videos_apikey",
    "streaming_signingkey",
    "auth_user",
    "auth_group",
    "videos_auditentry",
    "videos_case",
    "videos_hashlist",
    "videos_fingerprintmatch",
)


def list_of(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


def page(model: str, row_id: str, kind: str = "change") -> str:
    return reverse(f"admin:{model}_{kind}", args=[quote(row_id)])


def button(model: str, row_id: str, name: str) -> str:
    """The address that a button of a row's page posts to."""
    return reverse(f"admin:{model}_do", args=[quote(row_id), name])


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff(*permissions: str) -> Client:
    """A client of staff that has these permissions and no others (`view_video`)."""
    user = User.objects.create_user(f"staff-{User.objects.count()}", is_staff=True)
    found = Permission.objects.filter(codename__in=permissions)
    assert len(found) == len(permissions)
    user.user_permissions.set(found)
    return client_of(user)


def member(role: Role) -> User:
    """An account of staff with a role, and without a password, which costs time to make."""
    user = User.objects.create_user(role.code, is_staff=True)
    user.groups.add(Group.objects.get(name=role.name))
    return user


def shown_messages(response: object) -> list[str]:
    """The messages on the page that a post led to (`follow=True`)."""
    context = response.context  # type: ignore[attr-defined]  # Django's test response
    return [str(message) for message in context["messages"]]


def is_escaped(html: str) -> bool:
    """Whether HOSTILE is on the page, and nowhere as markup."""
    return "&lt;script&gt;alert(" in html and "<script>alert(" not in html and "<img src=x" not in html


def make_ready_video(**fields: Any) -> Video:
    video = make_video(status=states.READY, duration_s=8.0, width=640, height=360, frame_rate="25", **fields)
    make_rendition(
        video, "v360", runs=[SegmentRun(0, 0, (51_200, 51_200), (40_000, 60_000))], is_complete=True
    )
    make_rendition(video, "a0", runs=[SegmentRun(0, 0, (192_000, 192_000), (8_000, 8_000))])
    return video


def make_failed_video(**fields: Any) -> tuple[Video, Job]:
    video = make_video(status=states.PROCESSING, **fields)
    job = make_job(video)
    step = jobs.claim_step(queue="probe", owner="worker", lease_s=60)
    assert step is not None
    jobs.fail_step(
        step=step,
        code="tool_failed",
        message=f"It broke. {HOSTILE}",
        max_attempts=1,
        facts={
            "argv": ["/bin/ffmpeg", "-i", HOSTILE],
            "exit_code": 7,
            "stderr_tail": f"last words {HOSTILE}",
        },
    )
    return video, job


def every_page() -> list[str]:
    """Make a row of each kind; return the address of every page."""
    video, job = make_failed_video(title="Broken")
    ready = make_ready_video()
    key, _text = make_api_key(video.project)
    player_address(ready)  # makes the signing key
    upload = Upload.objects.create(video=ready, length_bytes=1, lease_expires_at=timezone.now())
    fetched = Import.objects.create(video=ready, source_url="https://files.example/a.mp4")
    grant = UploadGrant.objects.create(
        video=ready, api_key=key, max_size_bytes=1, expires_at=timezone.now() + timedelta(hours=1)
    )
    user, group = User.objects.create_user("somebody"), Group.objects.create(name="Reviewers")
    rows = [
        ("videos_video", video.pk),
        ("videos_video", ready.pk),
        *(("videos_upload", upload.pk), ("videos_import", fetched.pk), ("videos_uploadgrant", grant.pk)),
        ("processing_job", job.pk),
        ("processing_step", get_step(job, "probe").pk),
        ("videos_project", video.project_id),
        ("videos_apikey", key.pk),
        ("streaming_signingkey", SigningKey.objects.get().pk),
        ("auth_user", str(user.pk)),
        ("auth_group", str(group.pk)),
    ]
    return [
        reverse("admin:index"),
        *map(list_of, LISTS),
        *(page(model, row_id) for model, row_id in rows),
        *(page(model, row_id, "history") for model, row_id in rows),
        list_of("videos_dailyuse"),
        reverse("admin:processing_job_failures"),
        f"{reverse('admin:find')}?q=B",
        *(reverse(f"admin:{name}") for name in ("storage", "settings", "checks")),
        tracking_address(project_id=video.project_id, target_type="project", target_id=video.project_id),
        page("videos_video", video.pk, "delete"),
        page("videos_video", ready.pk, "work"),
        page("videos_video", ready.pk, "embed"),
        *(
            reverse(f"admin:{model}_add")
            for model in ("videos_project", "videos_apikey", "videos_uploadgrant", "auth_user", "auth_group")
        ),
        reverse("admin:password_change"),
        reverse("admin:auth_user_password_change", args=[user.pk]),
    ]
