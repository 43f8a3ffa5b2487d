from __future__ import annotations

import pytest

from tests.factories import make_video
from videos.access.internal import CANARY_PROJECT_ID
from videos.access.models import Project
from videos.audit.actors import Actor, acting_as
from videos.audit.models import AuditEntry
from videos.catalog.trail import note_deed, note_view

pytestmark = pytest.mark.django_db


def test_a_deed_names_the_video_and_none_of_its_texts() -> None:
    video = make_video(title="Ada's birthday")
    note_deed("video.edited", video, {"fields": ["title"]})
    entry = AuditEntry.objects.get(object_type="video")
    assert (entry.verb, entry.object_type, entry.object_id) == ("video.edited", "video", video.pk)
    assert (entry.project_id, entry.data) == (video.project_id, {"fields": ["title"]})


def test_a_view_is_whoever_looks() -> None:
    video = make_video()
    with acting_as(Actor("staff", "7")):
        note_view(video, shows="poster")
    entry = AuditEntry.objects.get(verb="video.viewed")
    assert (entry.actor_kind, entry.actor_id, entry.data) == ("staff", "7", {"shows": "poster"})


def test_what_gilfoyle_tries_on_itself_is_no_deed() -> None:
    project = Project.objects.create(pk=CANARY_PROJECT_ID, name="canary")
    note_deed("video.edited", make_video(project=project))
    assert not AuditEntry.objects.exists()
