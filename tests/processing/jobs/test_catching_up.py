import pytest

from processing.jobs import catching_up, states
from processing.jobs.catching_up import catch_up
from processing.jobs.models import Job, Step
from tests.factories import make_job, make_video
from tests.processing.facts import info, plan
from tests.videos.fingerprints.bans import make_ban, make_list
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.fingerprints.models import FingerprintMatch, VideoFingerprint
from videos.fingerprints.services import record_fingerprint

pytestmark = pytest.mark.django_db


def ready(**fields: object) -> Video:
    """Make a video that was ready before anything was recognised."""
    made = {"plan": plan(info()).to_json(), **fields}
    video = make_video(status="ready", source=b"a film")
    make_job(video=video, plans=(), status=states.DONE, **made)
    return video


def counted(**options: bool) -> tuple[int, ...]:
    counts = catch_up(most=10, **options)
    return tuple(counts[one] for one in catching_up.OUTCOMES)


def test_what_is_missing_is_queued_once_last_of_all_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "PAGE", 2)
    videos = sorted(ready().pk for _ in range(3))
    ready(plan={**plan(info()).to_json(), "video": None})
    make_video(status="processing", source=b"a film")
    make_video(status="ready")
    ban = make_ban(Video.objects.get(pk=videos[0]).source_sha256)
    assert counted(is_dry_run=True) == (3, 0, 0, 1, 0)
    assert not Step.objects.exists()
    assert not AuditEntry.objects.filter(verb="library.hashing_asked").exists()
    assert catch_up(most=2)["queued"] == 2
    assert [step.job.video_id for step in Step.objects.order_by("job__video_id")] == videos[:2]
    step = Step.objects.filter(job__video_id=videos[0]).get()
    assert (step.kind, step.status, step.is_optional, step.priority) == ("fingerprint", "ready", True, 100)
    assert set(FingerprintMatch.objects.values_list("video_id", "ban_id")) == {
        (one, ban.pk) for one in videos[:2]
    }
    assert counted() == (1, 2, 0, 1, 0)
    assert counted() == (0, 3, 0, 1, 0)
    told = AuditEntry.objects.filter(verb="library.hashing_asked").order_by("id")
    assert [entry.data for entry in told] == [{"videos": 2, "bans": 0}, {"videos": 1, "bans": 0}]


def test_what_is_hashed_is_left_alone_and_what_failed_or_cannot_be_read_is_not() -> None:
    video = ready()
    counted()
    Step.objects.update(status=states.FAILED)
    assert counted() == (0, 0, 1, 0, 0)
    assert counted(tries_failed=True) == (1, 0, 0, 0, 0)
    Step.objects.update(status=states.DONE)
    record_fingerprint(
        video_id=video.pk, upload_id=video.source_upload_id, hashes=b"h" * 32, algorithm="dct256-1", md5="",
        sightings=(), searched_version=0,
    )  # fmt: skip
    assert counted() == (0, 0, 0, 0, 0)
    VideoFingerprint.objects.update(unreadable_at=video.created_at)
    house = make_list("house", origin="house")
    make_ban("d" * 64, kind="dct256", hash_list=house, video_id=video.pk, unreadable_at=video.created_at)
    assert counted(is_dry_run=True) == (1, 0, 0, 0, 1)
    assert counted() == (1, 0, 0, 0, 1)
    assert set(Step.objects.values_list("kind", "status")) == {
        ("fingerprint", "ready"),
        ("ban_pictures", "ready"),
    }
    began = list(Step.objects.order_by("pk").values_list("pk", "attempt", "ready_at"))
    make_ban("e" * 64, kind="dct256", hash_list=house, video_id="vid_gone", unreadable_at=video.created_at)
    assert (counted(is_dry_run=True), counted()) == ((0, 2, 0, 0, 0), (0, 2, 0, 0, 0))
    assert list(Step.objects.order_by("pk").values_list("pk", "attempt", "ready_at")) == began
    Step.objects.filter(kind="ban_pictures").update(status=states.FAILED)
    assert counted() == (0, 1, 1, 0, 0)
    assert counted(tries_failed=True) == (0, 1, 0, 0, 1)
    told = AuditEntry.objects.filter(verb="library.hashing_asked").order_by("id")
    assert [entry.data["bans"] for entry in told] == [0, 0, 1, 1]
    assert VideoFingerprint.objects.get().hashes is not None, "what might be read one day stays until then"


def test_a_video_without_a_job_has_nothing_to_make_hashes_of() -> None:
    ready()
    Job.objects.all().delete()
    assert counted() == (0, 0, 0, 1, 0)
