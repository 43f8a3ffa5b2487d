from dataclasses import fields, is_dataclass

from gilfoyle.lib.events import Event
from videos import events

OF_MODERATION = {
    "ReportFiled": ["report_id"],
    "CaseOpened": ["case_id"],
    "CaseDecided": ["decision_id"],
    "RestrictionChanged": ["restriction_id"],
    "AppealFiled": ["appeal_id"],
    "AppealDecided": ["appeal_id"],
}


def test_the_vocabulary_is_frozen_and_holds_ids_alone() -> None:
    vocabulary = {
        event for event in vars(events).values() if isinstance(event, type) and issubclass(event, Event)
    }
    vocabulary.discard(Event)
    assert {event.__name__ for event in vocabulary} == {
        "VideoUploaded",
        "SourceHashed",
        "VideoRestricted",
        "MaterialRecognised",
        "MaterialBanned",
        "PosterChosen",
        "VideoPlayable",
        "VideoReady",
        "VideoFailed",
        "VideoDeleted",
        "RevisionBegun",
        "RevisionGone",
        "TrackAdded",
        "TrackRemoved",
        *OF_MODERATION,
    }
    more = {
        "TrackAdded": ["track_id"],
        "TrackRemoved": ["track_id"],
        "RevisionGone": ["revision"],
        "MaterialRecognised": ["match_id"],
    }
    for event in vocabulary:
        assert is_dataclass(event)
        of_video = ["video_id", *more.get(event.__name__, [])]
        assert [field.name for field in fields(event)] == OF_MODERATION.get(event.__name__, of_video)
        assert getattr(event, "__dataclass_params__").frozen  # noqa: B009 - no public name tells it
