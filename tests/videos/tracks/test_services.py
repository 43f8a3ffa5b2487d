from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from gilfoyle.lib import events, storage
from gilfoyle.lib.config import TextSettings
from gilfoyle.lib.events import Event, publish
from tests.factories import make_video
from videos import layout
from videos.catalog.models import Video
from videos.errors import TooManyTracks, TrackNotFound, TrackNotText, TrackTooLarge, VideoBeingDeleted
from videos.events import RevisionBegun, RevisionGone, TrackAdded, TrackRemoved
from videos.tracks import services
from videos.tracks.models import TextTrack
from videos.tracks.services import (
    StoredTrack,
    TrackFacts,
    add_track,
    name_language,
    remove_track,
    shown_label,
)

pytestmark = pytest.mark.django_db(transaction=True)

SRT = b"1\n00:00:01,000 --> 00:00:02,000\n<script>x</script>Hello\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"
CLEAN = b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n\n00:00:03.000 --> 00:00:04.000\nBye\n"
LIMITS = TextSettings()
GERMAN = TrackFacts(kind="subtitles", language="de")
heard: list[Event] = []


@pytest.fixture(autouse=True)
def _nothing_heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for event_type in (TrackAdded, TrackRemoved):
        monkeypatch.setitem(events._handlers, event_type, [heard.append])
    yield
    heard.clear()


def add(video: Video, facts: TrackFacts = GERMAN, limits: TextSettings = LIMITS) -> TextTrack:
    return add_track(video=video, data=SRT, facts=facts, limits=limits)


def stored(video: Video, track_id: str, revision: str, **facts: object) -> StoredTrack:
    storage.save_bytes(layout.track_name(video.project_id, video.pk, revision, track_id), CLEAN)
    given = TrackFacts(**{"kind": "subtitles", "language": "en", **facts})  # type: ignore[arg-type]  # by name
    return StoredTrack(track_id, given, cue_count=2, size_bytes=len(CLEAN))


def bytes_of(video: Video) -> int:
    return Video.objects.get(pk=video.pk).stored_bytes


def files(media_dir: Path) -> list[str]:
    return sorted(str(path.relative_to(media_dir)) for path in media_dir.rglob("*.vtt"))


def test_an_upload_becomes_a_clean_track(media_dir: Path) -> None:
    video = make_video(source=b"source")
    track = add(video)
    assert (track.label, track.source, track.revision, track.cue_count) == ("Deutsch", "uploaded", "", 2)
    name = layout.track_name(video.project_id, video.pk, "", track.pk)
    assert files(media_dir) == [name]
    with storage.open_stored(name) as file:
        assert file.read() == CLEAN
    assert track.size_bytes == len(CLEAN)
    assert bytes_of(video) == len(b"source") + len(CLEAN)
    assert heard == [TrackAdded(video.pk, track.pk)]


def test_what_is_refused_leaves_nothing(media_dir: Path) -> None:
    video = make_video()
    with pytest.raises(TrackNotText):
        add_track(video=video, data=b"no", facts=GERMAN, limits=LIMITS)
    with pytest.raises(TrackTooLarge):
        add(video, limits=TextSettings(max_size_bytes=10))
    with pytest.raises(TooManyTracks):
        add(video, limits=TextSettings(max_tracks=0))
    with pytest.raises(VideoBeingDeleted):
        add(make_video(status="deleting"))
    assert not TextTrack.objects.exists()
    assert files(media_dir) == []
    assert (bytes_of(video), heard) == (0, [])


def test_one_track_at_most_is_the_default() -> None:
    video, other = make_video(), make_video()
    elsewhere = add(other, TrackFacts("subtitles", "de", is_default=True))
    first = add(video, TrackFacts("subtitles", "de", is_default=True))
    second = add(video, TrackFacts("captions", "en", label="For all", is_default=True))
    add(video)
    assert set(TextTrack.objects.filter(is_default=True)) == {elsewhere, second}
    assert (second.label, first.label) == ("For all", "Deutsch")


def test_removing_takes_row_bytes_and_text(media_dir: Path) -> None:
    video = make_video(source=b"source")
    track = add(video)
    remove_track(track=track)
    assert not TextTrack.objects.exists()
    assert files(media_dir) == []
    assert bytes_of(video) == len(b"source")
    assert heard[-1] == TrackRemoved(video.pk, track.pk)
    with pytest.raises(TrackNotFound):
        remove_track(track=track)
    assert bytes_of(video) == len(b"source")


def test_tracks_of_a_source_replace_those_of_an_earlier_attempt(media_dir: Path) -> None:
    video = make_video(status="processing", source=b"source")
    revision = video.revision
    for ids in (("trk_1", "trk_2"), ("trk_3",)):
        tracks = [stored(video, one, revision) for one in ids]
        services.record_embedded(video_id=video.pk, revision=revision, tracks=tracks)
    track = TextTrack.objects.get()
    assert (track.pk, track.source, track.revision, track.label) == ("trk_3", "embedded", revision, "English")
    assert bytes_of(video) == len(b"source") + len(CLEAN)
    assert files(media_dir) == [layout.track_name(video.project_id, video.pk, revision, "trk_3")]
    assert [event.track_id for event in heard if isinstance(event, TrackRemoved)] == ["trk_1", "trk_2"]
    # Recorded once more, as when the database's answer to the first time was lost: its text stays.
    again = StoredTrack("trk_3", GERMAN, cue_count=2, size_bytes=len(CLEAN))
    services.record_embedded(video_id=video.pk, revision=revision, tracks=[again])
    assert len(files(media_dir)) == TextTrack.objects.count() == 1


def test_a_new_revision_forgets_the_tracks_of_the_source_and_keeps_uploaded_ones() -> None:
    video = make_video(status="processing", source=b"source")
    kept = add(video)
    services.record_embedded(
        video_id=video.pk, revision=video.revision, tracks=[stored(video, "trk_1", video.revision)]
    )
    Video.objects.filter(pk=video.pk).update(
        stored_bytes=len(b"another")
    )  # as whoever begins a revision does
    with transaction.atomic():
        publish(RevisionBegun(video.pk))
    assert TextTrack.objects.get() == kept
    assert heard[-1] == TrackRemoved(video.pk, "trk_1")
    assert bytes_of(video) == len(b"another") + len(CLEAN)


def test_tracks_of_a_revision_go_with_it_and_no_others() -> None:
    video = make_video(status="ready", source=b"source")
    kept = add(video)
    for revision in (video.revision, "another"):
        services.record_embedded(
            video_id=video.pk, revision=revision, tracks=[stored(video, f"trk_{revision}", revision)]
        )
    before = bytes_of(video)
    with transaction.atomic():
        publish(RevisionGone(video.pk, "another"))
    assert {track.pk for track in TextTrack.objects.all()} == {kept.pk, f"trk_{video.revision}"}
    assert bytes_of(video) == before - len(CLEAN)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("de", "Deutsch"),
        ("pt-BR", "Português Brasileiro"),
        ("en-ZA", "English"),
        ("und", ""),
        ("tlh", "tlh"),
    ],
)
def test_languages_have_their_own_names(tag: str, name: str) -> None:
    assert name_language(tag) == name


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("English", "English"),
        (" a\x00\r\n\u2028b ", "ab"),
        ("\x01\x7f\x85", ""),
        ("\u200b \u200d", ""),
        ("\u0646\u200c\u0645", "\u0646\u200c\u0645"),  # Persian joins letters by what can't be seen
    ],
)
def test_a_label_is_what_can_be_seen(label: str, shown: str) -> None:
    assert shown_label(label) == shown
