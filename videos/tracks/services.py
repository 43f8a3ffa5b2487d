"""Every change of text tracks: uploaded, found in a source, removed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.db.models import Sum

from gilfoyle.lib import ids, storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.config import TextSettings
from gilfoyle.lib.events import publish
from gilfoyle.lib.languages import UNKNOWN
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.access.encryption import encrypts
from videos.catalog import services as catalog
from videos.catalog import states
from videos.catalog.legal_holds import require_not_held
from videos.catalog.models import Video
from videos.catalog.trail import note_deed
from videos.errors import TooManyTracks, TrackNotFound, TrackTooLarge, VideoBeingDeleted
from videos.events import TrackAdded, TrackRemoved
from videos.tracks.cleaning import read_track
from videos.tracks.models import EMBEDDED, UPLOADED, TextTrack, TrackKey
from videos.tracks.texts import save_text
from videos.tracks.webvtt import write_webvtt


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """What is said about a track; `language` is BCP 47, and a label is made of it where none is given."""

    kind: str
    language: str
    label: str = ""
    is_default: bool = False
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """A track of a source, whose text is stored already."""

    id: str
    facts: TrackFacts
    cue_count: int
    size_bytes: int
    wrapped_key: bytes | None = None  # None: it lies in the clear


def add_track(*, video: Video, data: bytes, facts: TrackFacts, limits: TextSettings) -> TextTrack:
    """Read, clean and store an uploaded file as a track.

    Raises: what `stored_track` and `record_track` raise.
    """
    with stored_track(video=video, data=data, facts=facts, limits=limits) as stored:
        return record_track(video_id=video.pk, stored=stored, max_tracks=limits.max_tracks)


@contextmanager
def stored_track(
    *, video: Video, data: bytes, facts: TrackFacts, limits: TextSettings
) -> Iterator[StoredTrack]:
    """Read, clean and store an uploaded file; it is removed again where the block does not record it.

    Raises: TrackRejected (one of its kinds), NoSpace, StorageFault.
    """
    if len(data) > limits.max_size_bytes:
        message = (
            f"The file has {len(data)} bytes; the largest accepted here is {int(limits.max_size_bytes)}."
        )
        raise TrackTooLarge(message)
    cues = read_track(data)
    text = write_webvtt(cues).encode()
    track_id = ids.new_track_id()
    name = layout.track_name(video.project_id, video.pk, "", track_id)
    wrapped = save_text(name, text, is_encrypted=encrypts(video.project, settings.GILFOYLE))
    try:
        yield StoredTrack(track_id, facts, len(cues), len(text), wrapped_key=wrapped)
    except BaseException:
        storage.delete(name)
        raise


@atomic
def record_track(*, video_id: str, stored: StoredTrack, max_tracks: int) -> TextTrack:
    """Record a track that was uploaded and stored.

    Raises: TooManyTracks, VideoBeingDeleted.
    """
    catalog.hold_video(video_id=video_id)
    video = Video.objects.filter(pk=video_id).exclude(status=states.DELETING).first()
    if video is None:
        message = "This video is being deleted."
        raise VideoBeingDeleted(message)
    if TextTrack.objects.filter(video=video).count() >= max_tracks:
        message = f"This video has {max_tracks} text tracks already, the most that are accepted here."
        raise TooManyTracks(message, hint="Remove one first.")
    return _create(video_id, stored, source=UPLOADED, revision="")


def _create(video_id: str, stored: StoredTrack, *, source: str, revision: str) -> TextTrack:
    if stored.facts.is_default:  # at most one is
        TextTrack.objects.filter(video_id=video_id, is_default=True).update(is_default=False)
    track = TextTrack.objects.create(
        id=stored.id,
        video_id=video_id,
        source=source,
        revision=revision,
        kind=stored.facts.kind,
        language=stored.facts.language,
        label=shown_label(stored.facts.label)
        or name_language(stored.facts.language)
        or stored.facts.kind.capitalize(),
        is_default=stored.facts.is_default,
        is_forced=stored.facts.is_forced,
        cue_count=stored.cue_count,
        size_bytes=stored.size_bytes,
        is_encrypted=stored.wrapped_key is not None,
    )
    if stored.wrapped_key is not None:
        TrackKey.objects.create(track_id=stored.id, video_id=video_id, wrapped=stored.wrapped_key)
    catalog.count_bytes(video_id=video_id, change_bytes=stored.size_bytes)
    publish(TrackAdded(video_id, track.pk))
    return track


def shown_label(text: str) -> str:
    """Return a label without what breaks lines or is no character; "" where nothing of it can be seen."""
    label = "".join(one for one in text if unicodedata.category(one) not in {"Cc", "Zl", "Zp"}).strip()
    return label if any(unicodedata.category(one)[0] not in "CZ" for one in label) else ""


def name_language(tag: str) -> str:
    """Return what speakers of a language call it, the tag itself where that is not known; "" of no language."""
    if tag == UNKNOWN:
        return ""
    for code in (tag.lower(), tag.partition("-")[0].lower()):
        if code in LANG_INFO and "name_local" in LANG_INFO[code]:
            name: str = LANG_INFO[code]["name_local"]
            return name[:1].upper() + name[1:]
    return tag


@atomic
def record_embedded(
    *,
    video_id: str,
    revision: str,
    tracks: Iterable[StoredTrack],
    left_out: Sequence[Mapping[str, object]] = (),
) -> None:
    """Record the tracks that were found in a source, and which were left out; a second time replaces the first."""
    catalog.hold_video(video_id=video_id)
    catalog.add_source_facts(video_id=video_id, facts={"text_left_out": list(left_out)} if left_out else {})
    replaced = _embedded(video_id, revision)
    _forget(video_id, replaced)
    found = tuple(tracks)
    for stored in found:
        _create(video_id, stored, source=EMBEDDED, revision=revision)
    for track in replaced:
        if track.pk not in {stored.id for stored in found}:
            _delete_text(track)


def _embedded(video_id: str, revision: str) -> tuple[TextTrack, ...]:
    """Return the tracks that came out of the source for one revision."""
    tracks = TextTrack.objects.filter(video_id=video_id, source=EMBEDDED, revision=revision)
    return tuple(tracks.select_related("video"))


def _forget(video_id: str, replaced: Sequence[TextTrack]) -> None:
    _delete_rows([track.pk for track in replaced])
    catalog.count_bytes(video_id=video_id, change_bytes=-sum(track.size_bytes for track in replaced))
    for track in replaced:
        publish(TrackRemoved(video_id, track.pk))


def _delete_rows(track_ids: Sequence[str]) -> int:
    """Delete tracks and their keys; returns how many tracks."""
    TrackKey.objects.filter(pk__in=track_ids).delete()
    return TextTrack.objects.filter(pk__in=track_ids).delete()[0]


def destroy_keys(*, video_id: str) -> None:
    """Make every encrypted text of a video unreadable, wherever copies of it lie."""
    TrackKey.objects.filter(video_id=video_id).delete()


def _delete_text(track: TextTrack) -> None:
    name = layout.track_name(track.video.project_id, track.video_id, track.revision, track.pk)
    # Robust: a store that fails now costs room until the video is deleted, and nothing else.
    after_commit(storage.delete, name)


@atomic
def begin_revision(*, video_id: str) -> None:
    """Forget the tracks of a source whose revision is over; uploaded ones stay, and are counted again."""
    over = TextTrack.objects.filter(video_id=video_id, source=EMBEDDED)
    removed = list(over.values_list("pk", flat=True))
    _delete_rows(removed)
    for track_id in removed:
        publish(TrackRemoved(video_id, track_id))
    kept = TextTrack.objects.filter(video_id=video_id).aggregate(size_bytes=Sum("size_bytes"))
    catalog.count_bytes(video_id=video_id, change_bytes=kept["size_bytes"] or 0)


@atomic
def forget_revision(*, video_id: str, revision: str) -> None:
    """Forget the tracks that came out of the source for one revision; their texts go with its folder."""
    _forget(video_id, _embedded(video_id, revision))


@atomic
def remove_track(*, track: TextTrack) -> None:
    """Remove a track: players no longer find it, and its text is deleted.

    Raises: TrackNotFound when it is gone already.
    """
    require_not_held(catalog.locked_video(track.video_id))
    if not _delete_rows([track.pk]):
        message = "There is no such text track."
        raise TrackNotFound(message)
    catalog.count_bytes(video_id=track.video_id, change_bytes=-track.size_bytes)
    _delete_text(track)
    publish(TrackRemoved(track.video_id, track.pk))
    note_deed("video.track_removed", track.video, {"track": track.pk})
