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
        "TrackAdded",
        "TrackRemoved",
    }
    for event in vocabulary:
        assert is_dataclass(event)
        names = ["video_id", "track_id"] if event.__name__.startswith("Track") else ["video_id"]
        assert [field.name for field in fields(event)] == names
        assert getattr(event, "__dataclass_params__").frozen  # noqa: B009 - no public name tells it
