"""Text tracks on a video's page of the admin: what there is, what was left out of its source, and removing one."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from gilfoyle.lib.admin import HouseAdmin, page_of
from gilfoyle.lib.admin_words import listed, size_in_words, when
from videos.catalog.models import Video
from videos.tracks.models import TextTrack
from videos.tracks.selectors import get_track, list_tracks
from videos.tracks.services import remove_track

REASONS = {
    "picture": "it is made of pictures",
    "telemetry": "the camera wrote in it where it was",
    "empty": "nothing in it can be shown",
    "too_large": "it is too large",
    "unreadable": "it can't be read",
}


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One text track, in words."""

    id: str
    label: str
    language: str
    kind: str
    source: str
    shown: SafeString | str
    cues: int
    size: str
    added: SafeString | str
    remove_address: str


def describe_tracks(video: Video) -> list[TrackRow]:
    """Return a video's text tracks, in words."""
    return [_describe(track) for track in list_tracks(video=video)]


def _describe(track: TextTrack) -> TrackRow:
    marks = {"Default": track.is_default, "Forced": track.is_forced}
    return TrackRow(
        id=track.pk,
        label=track.label,
        language=track.language,
        kind=track.get_kind_display(),
        source=track.get_source_display(),
        shown=listed(name for name, holds in marks.items() if holds),
        cues=track.cue_count,
        size=size_in_words(track.size_bytes),
        added=when(track.created_at),
        remove_address=page_of("videos_video_remove_track", track.video_id, track.pk),
    )


def list_left_out(video: Video) -> list[str]:
    """Return which subtitles of the source did not become tracks, and why, in words."""
    facts = video.source_facts
    streams = [one for one in facts.get("text_streams", ()) if not one.get("is_text")]
    left_out = [(one.get("codec"), "picture") for one in streams]
    left_out += [(one.get("codec"), one.get("reason")) for one in facts.get("text_left_out", ())]
    return [f"{codec}: {REASONS.get(str(reason), reason)}" for codec, reason in left_out]


class WithTracks(HouseAdmin):
    """Gives the page of a video the address at which its text tracks are removed."""

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/tracks/<slug:track_id>/remove/",
            self.admin_site.admin_view(self.remove_track_view),
            name="videos_video_remove_track",
        )
        return [address, *super().get_urls()]

    def remove_track_view(self, request: HttpRequest, object_id: str, track_id: str) -> HttpResponse:
        """Remove one text track."""

        def remove(video: Video) -> str:
            track = get_track(video=video, track_id=track_id)
            remove_track(track=track)
            return f"The text track “{track.label}” is removed."

        return self.press_button(request, object_id, remove)
