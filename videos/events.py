"""The public vocabulary of what happens to videos: past tense, ids only."""

from __future__ import annotations

from dataclasses import dataclass

from gilfoyle.lib.events import Event


@dataclass(frozen=True, slots=True)
class VideoUploaded(Event):
    """The source is whole, stored and counted."""

    video_id: str


@dataclass(frozen=True, slots=True)
class SourceHashed(Event):
    """What the source hashes to is known now; it was not when it was uploaded."""

    video_id: str


@dataclass(frozen=True, slots=True)
class PosterChosen(Event):
    """Another moment, or none any more, is wanted for the poster."""

    video_id: str


@dataclass(frozen=True, slots=True)
class VideoPlayable(Event):
    """The first segments can be watched; more follow."""

    video_id: str


@dataclass(frozen=True, slots=True)
class VideoReady(Event):
    """All planned renditions are there."""

    video_id: str


@dataclass(frozen=True, slots=True)
class VideoFailed(Event):
    """Processing ended without a result; the video says why."""

    video_id: str


@dataclass(frozen=True, slots=True)
class VideoDeleted(Event):
    """A tombstone stands; the bytes go next."""

    video_id: str


@dataclass(frozen=True, slots=True)
class VideoRestricted(Event):
    """On which terms a video may be played has changed, for the worse or the better; its row says how."""

    video_id: str


@dataclass(frozen=True, slots=True)
class MaterialRecognised(Event):
    """A video holds what was blocked before, or is on a list."""

    video_id: str
    match_id: str


@dataclass(frozen=True, slots=True)
class ReportFiled(Event):
    """Somebody says that something is wrong with a video, a creator, a key or a project."""

    report_id: str


@dataclass(frozen=True, slots=True)
class CaseOpened(Event):
    """What was reported of one subject waits for a decision."""

    case_id: str


@dataclass(frozen=True, slots=True)
class CaseDecided(Event):
    """A decision was made; of a consumer's own there is no case."""

    decision_id: str


@dataclass(frozen=True, slots=True)
class RestrictionChanged(Event):
    """A restriction began or ended."""

    restriction_id: str


@dataclass(frozen=True, slots=True)
class AppealFiled(Event):
    """Somebody does not agree with a decision."""

    appeal_id: str


@dataclass(frozen=True, slots=True)
class AppealDecided(Event):
    """A second person has looked at a decision."""

    appeal_id: str


@dataclass(frozen=True, slots=True)
class MaterialBanned(Event):
    """A video is to be recognised when it comes back; the hashes of its pictures in all views are wanted."""

    video_id: str


@dataclass(frozen=True, slots=True)
class RevisionBegun(Event):
    """What had been made of a video's source is gone, and is to be made anew under another revision."""

    video_id: str


@dataclass(frozen=True, slots=True)
class RevisionGone(Event):
    """Nothing of one revision of a video is played any more: what belongs to it goes with it."""

    video_id: str
    revision: str


@dataclass(frozen=True, slots=True)
class TrackAdded(Event):
    """A text track can be shown."""

    video_id: str
    track_id: str


@dataclass(frozen=True, slots=True)
class TrackRemoved(Event):
    """A text track is gone."""

    video_id: str
    track_id: str
