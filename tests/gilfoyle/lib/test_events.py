from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction

from gilfoyle.lib import events
from gilfoyle.lib.events import Event, handlers, publish, subscribe
from tests.factories import make_project
from videos.access.models import Project

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True)
class SomethingHappened(Event):
    thing_id: str


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    yield
    events._handlers.pop(SomethingHappened, None)


def test_all_handlers_hear_an_event_in_the_order_of_their_connection() -> None:
    heard = []
    subscribe(SomethingHappened)(lambda event: heard.append(("first", event.thing_id)))
    subscribe(SomethingHappened)(lambda event: heard.append(("second", event.thing_id)))
    with transaction.atomic():
        publish(SomethingHappened("x"))
    assert heard == [("first", "x"), ("second", "x")]


def test_nothing_is_published_outside_of_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="SomethingHappened"):
        publish(SomethingHappened("x"))


def test_a_failing_handler_undoes_the_change_that_was_published() -> None:
    @subscribe(SomethingHappened)
    def refuse(_event: SomethingHappened) -> None:
        raise ValueError

    def change() -> None:
        with transaction.atomic():
            make_project("Undone")
            publish(SomethingHappened("x"))

    with pytest.raises(ValueError):  # noqa: PT011 - the handler's own
        change()
    assert not Project.objects.filter(name="Undone").exists()


def test_who_hears_what() -> None:
    assert handlers() == {
        "MaterialRecognised": [
            "videos.moderation.subscribers.hold_and_report",
            "videos.usage.subscribers.count_match",
        ],
        "MaterialBanned": ["processing.subscribers.hash_banned_video"],
        "ReportFiled": [
            "videos.moderation.subscribers.apply_rules_of_reports",
            "videos.usage.subscribers.count_report",
        ],
        "VideoPlayable": [
            "videos.moderation.subscribers.apply_rules_of_length",
            "videos.webhooks.subscribers.tell_playable",
        ],
        "PosterChosen": ["processing.subscribers.make_poster_anew"],
        "RevisionBegun": [
            "videos.chapters.subscribers.forget_chapters_of_source",
            "videos.tracks.subscribers.forget_embedded",
        ],
        "RevisionGone": ["videos.tracks.subscribers.forget_embedded_of"],
        "SourceHashed": ["videos.fingerprints.subscribers.recognise_hashed_file"],
        "VideoDeleted": [
            "videos.fingerprints.subscribers.forget_fingerprint",
            "videos.imports.subscribers.stop_import",
            "videos.tracks.subscribers.shred_texts",
            "videos.uploads.subscribers.end_uploads",
            "videos.webhooks.subscribers.tell_deleted",
            "processing.subscribers.stop_work",
        ],
        "VideoRestricted": [
            "videos.fingerprints.subscribers.ban_or_release",
            "videos.webhooks.subscribers.tell_restricted",
            "processing.subscribers.pause_work",
        ],
        "VideoUploaded": [
            "videos.fingerprints.subscribers.recognise_file",
            "videos.imports.subscribers.close_import",
            "videos.moderation.subscribers.hold_for_review",
            "videos.usage.subscribers.count_upload",
            "videos.webhooks.subscribers.tell_uploaded",
            "processing.subscribers.process_upload",
        ],
        "AppealDecided": ["videos.webhooks.subscribers.tell_appeal_decided"],
        "CaseDecided": [
            "videos.usage.subscribers.count_decision",
            "videos.webhooks.subscribers.tell_decided",
        ],
        "CaseOpened": ["videos.webhooks.subscribers.tell_case_opened"],
        "RestrictionChanged": ["videos.webhooks.subscribers.tell_restriction"],
        "TrackAdded": ["videos.webhooks.subscribers.tell_track_added"],
        "TrackRemoved": ["videos.webhooks.subscribers.tell_track_removed"],
        "VideoReady": ["videos.webhooks.subscribers.tell_ready"],
        "VideoFailed": ["videos.usage.subscribers.count_failure", "videos.webhooks.subscribers.tell_failed"],
    }
