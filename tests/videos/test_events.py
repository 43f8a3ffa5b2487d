from dataclasses import fields, is_dataclass

from gilfoyle.lib.events import Event
from videos import events


def test_the_vocabulary_is_frozen_and_holds_ids_alone() -> None:
    vocabulary = {
        event for event in vars(events).values() if isinstance(event, type) and issubclass(event, Event)
    }
    vocabulary.discard(Event)
    assert {event.__name__ for event in vocabulary} == {
        "VideoUploaded",
        "PosterChosen",
        "VideoPlayable",
        "VideoReady",
        "VideoFailed",
        "VideoDeleted",
        "RevisionBegun",
        "RevisionGone",
        "TrackAdded",
        "TrackRemoved",
    }
    for event in vocabulary:
        assert is_dataclass(event)
        more = {"TrackAdded": ["track_id"], "TrackRemoved": ["track_id"], "RevisionGone": ["revision"]}
        assert [field.name for field in fields(event)] == ["video_id", *more.get(event.__name__, [])]
        assert getattr(event, "__dataclass_params__").frozen  # noqa: B009 - no public name tells it
