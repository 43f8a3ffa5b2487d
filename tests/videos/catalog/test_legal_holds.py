from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from tests.factories import make_account, make_rendition, make_video
from videos import layout
from videos.catalog import purge, renditions, revisions
from videos.catalog.legal_holds import require_not_held
from videos.catalog.models import PastRevision, Rendition, SpareSource, Video
from videos.catalog.purge import purge_deleted
from videos.catalog.renditions import remove_stopgaps
from videos.catalog.restrictions import set_legal_hold
from videos.catalog.revisions import remove_past
from videos.catalog.services import renew_revision
from videos.catalog.sources import remove_spare_sources
from videos.errors import VideoHeldLegally

pytestmark = pytest.mark.django_db
LATER = timedelta(days=400)


def make_held(**fields: object) -> Video:
    video = make_video(**{"status": "ready", "source": b"evidence", **fields})  # type: ignore[arg-type]
    set_legal_hold(video_id=video.pk, is_held=True)
    return Video.objects.get(pk=video.pk)


def test_a_consumer_is_told_why_its_video_stays() -> None:
    account = make_account()
    video = make_held(project=account.project)
    refused = account.client().delete(f"/api/v1/videos/{video.pk}")
    assert (refused.status_code, refused.json()["code"]) == (409, "legal_hold")
    set_legal_hold(video_id=video.pk, is_held=False)
    assert account.client().delete(f"/api/v1/videos/{video.pk}").status_code == 204


def test_what_was_deleted_before_is_kept_from_the_sweep() -> None:
    video = make_held(status="deleting")
    assert purge_deleted(now=timezone.now() + LATER) == 0
    assert Video.objects.filter(pk=video.pk).exists()
    set_legal_hold(video_id=video.pk, is_held=False)
    assert purge_deleted(now=timezone.now() + LATER) == 1


def test_earlier_revisions_stopgaps_and_sources_stay() -> None:
    video = make_held()
    Video.objects.filter(pk=video.pk).update(ready_at=timezone.now())
    make_rendition(video, is_stopgap=True)
    PastRevision.objects.create(video=video, revision="r" * 16)
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id, "replaced")
    storage.save_bytes(name, b"as it came")
    SpareSource.objects.create(name=name, video_id=video.pk, remove_at=timezone.now())
    later = timezone.now() + LATER

    def removed() -> list[int]:
        return [
            remove_stopgaps(longest_play_s=0, now=later),
            remove_past(longest_play_s=0, now=later),
            remove_spare_sources(now=later),
        ]

    assert removed() == [0, 0, 0]
    assert storage.exists(name)
    set_legal_hold(video_id=video.pk, is_held=False)
    assert removed() == [1, 1, 1]


def test_a_hold_that_comes_during_a_sweep_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(status="ready", source=b"evidence", ready_at=timezone.now())
    make_rendition(video, is_stopgap=True)
    PastRevision.objects.create(video=video, revision="r" * 16)
    gone = make_video(status="deleting", source=b"evidence", deleted_at=timezone.now())
    later = timezone.now() + LATER

    def hold_first(module: Any, name: str) -> None:
        real = getattr(module, name)

        def held(*arguments: Any, **known: Any) -> Any:
            Video.objects.update(legal_hold=True)
            return real(*arguments, **known)

        monkeypatch.setattr(module, name, held)

    hold_first(revisions, "_remove")
    assert remove_past(longest_play_s=0, now=later) == 0
    Video.objects.update(legal_hold=False)
    hold_first(renditions, "_remove_stopgap")
    assert remove_stopgaps(longest_play_s=0, now=later) == 0
    Video.objects.update(legal_hold=False)
    hold_first(purge, "_purge_row")
    assert purge_deleted(now=later) == 0
    Video.objects.filter(pk=gone.pk).update(legal_hold=False)
    hold_first(purge, "_purge_early_row")
    with pytest.raises(VideoHeldLegally):
        purge.purge_early(Video.objects.get(pk=gone.pk))
    assert Video.objects.count() == 2
    assert PastRevision.objects.exists()
    assert Rendition.objects.exists()


def test_nothing_is_made_anew_in_place_of_what_is_held() -> None:
    video = make_held(status="processing")
    with pytest.raises(VideoHeldLegally):
        renew_revision(video_id=video.pk)
    with pytest.raises(VideoHeldLegally):
        require_not_held(video)
