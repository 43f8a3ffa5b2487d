"""Presentation → HLS playlists (RFC 8216). Pure text from pure facts; all addresses relative, so no token stands inside.

While anything of a video grows all of its playlists are of type EVENT and begin at the start; once it is whole they are
VOD. Each ends as soon as its own rendition is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from gilfoyle.lib.languages import UNKNOWN, known_tag
from streaming.addresses import KEY_NAME
from streaming.manifests.audio_groups import UNQUOTABLE, AudioGroup, group_audio, name_tracks
from streaming.manifests.bandwidth import BURST, average_bandwidth_bps, bandwidth_bps, own_target_s, rounded

if TYPE_CHECKING:
    from streaming.manifests.presentation import Presentation
    from streaming.tokens.claims import Clip
    from videos.segment_index import PlayableRendition, Segment, SegmentIndex

VERSION = 7  # EXT-X-MAP outside of I-frame playlists needs 6; Apple asks for 7 with fragmented MP4
EVERYWHERE = ("avc1.", "avc3.")
FIRST_CHOICE_BPS = 2_000_000  # players begin with the first variant; Apple's advice for an unknown network
INSIDE_S = Fraction(5, 1000)  # players' clocks round: a moment before the first picture there is none
_MICROSECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Shared:
    """What all playlists of one presentation must say alike (RFC 8216, 6.2.4)."""

    is_whole: bool
    target_s: int

    def type_line(self, *, is_complete: bool) -> str:
        """Return the playlist's type; one that goes on growing after the rest is whole can't be VOD, which has an end."""
        return f"#EXT-X-PLAYLIST-TYPE:{'VOD' if self.is_whole and is_complete else 'EVENT'}"


def shared_of(presentation: Presentation) -> Shared:
    """Return what the playlists of a presentation have in common: stop-gaps with long segments count, too."""
    listed = [one for one in (*presentation.video, *presentation.audio) if one.index.segments]
    return Shared(presentation.for_newcomers().is_complete, max(map(own_target_s, listed), default=1))


def shared_of_one(rendition: PlayableRendition) -> Shared:
    """Return the same of a rendition that is all there is. Raises: ValueError for one without segments."""
    return Shared(rendition.is_complete, own_target_s(rendition))


def render_master(presentation: Presentation) -> str:
    """Render the multivariant playlist.

    Raises: ValueError for a presentation without any rendition.
    """
    if not presentation.video and not presentation.audio:
        message = "Nothing is playable."
        raise ValueError(message)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if presentation.video:
        lines += _media_lines(presentation.audio)
        for group in group_audio(presentation.audio) or (None,):
            for rendition in _in_order_of_choice(presentation.video, group.members if group else ()):
                lines += _video_variant(rendition, group)
    elif len(presentation.audio) == 1:
        lines += _audio_variant(presentation.audio[0])
    else:
        lines += _media_lines(presentation.audio)
        for group in group_audio(presentation.audio):
            lines += _audio_variant(group.members[0], group)
    return "\n".join(lines) + "\n"


def _in_order_of_choice(
    video: Sequence[PlayableRendition], audio: Sequence[PlayableRendition]
) -> list[PlayableRendition]:
    """Put H.264 before codecs that not every player has, and what fits an unknown network before all."""
    everywhere = [one for one in video if one.codec.startswith(EVERYWHERE)]
    known = everywhere or video
    affordable = [one for one in known if bandwidth_bps([one], audio) <= FIRST_CHOICE_BPS]
    first = affordable[0] if affordable else known[-1]
    rest = [one for one in video if one not in everywhere]
    by_codec = sorted(
        rest, key=lambda one: one.codec.partition(".")[0]
    )  # each codec's own stay largest first
    return [first, *(one for one in [*everywhere, *by_codec] if one is not first)]


def _media_lines(audio: Sequence[PlayableRendition]) -> list[str]:
    names = name_tracks(audio)
    return [
        _media_line(one, group=group.name, name=names[one.audio_track], is_default=at == 0)
        for group in group_audio(audio)
        for at, one in enumerate(group.members)
    ]


def _media_line(rendition: PlayableRendition, *, group: str, name: str, is_default: bool) -> str:
    # A commentary is nobody's wish unless he says so.
    is_chosen_freely = is_default or rendition.role != "commentary"
    attributes = ["TYPE=AUDIO", f'GROUP-ID="{group}"', f"NAME={quoted(name)}"]
    language = known_tag(rendition.language)
    if language != UNKNOWN:
        attributes.append(f"LANGUAGE={quoted(language)}")
    attributes += [f"DEFAULT={_yes_no(is_default)}", f"AUTOSELECT={_yes_no(is_chosen_freely)}"]
    if rendition.role == "description":
        attributes.append('CHARACTERISTICS="public.accessibility.describes-video"')
    if rendition.channels:
        attributes.append(f'CHANNELS="{rendition.channels}"')
    return f'#EXT-X-MEDIA:{",".join(attributes)},URI="{rendition.name}/index.m3u8"'


def _yes_no(is_so: bool) -> str:  # noqa: FBT001  # a word for a value
    return "YES" if is_so else "NO"


def quoted(text: str) -> str:
    """Return a quoted string, without what such can't hold."""
    return '"' + UNQUOTABLE.sub("", text) + '"'


def _video_variant(rendition: PlayableRendition, group: AudioGroup | None) -> list[str]:
    audio = group.members if group else ()
    codecs = [rendition.codec, *(group.codecs if group else ())]
    attributes = [
        f"BANDWIDTH={bandwidth_bps([rendition], audio, burst=BURST)}",
        f"AVERAGE-BANDWIDTH={average_bandwidth_bps([rendition], audio)}",
        f"CODECS={quoted(','.join(codecs))}",
    ]
    if rendition.width and rendition.height:
        attributes.append(f"RESOLUTION={rendition.width}x{rendition.height}")
    if rendition.frame_rate:
        attributes.append(f"FRAME-RATE={_decimal(rendition.frame_rate, 3)}")
    # Whatever the source was: all renditions are BT.709, and what isn't is not offered by copy (RFC 8216bis, 4.4.6.2).
    attributes.append("VIDEO-RANGE=SDR")
    # No picture data holds captions, also not of a copy: without this, Apple's players offer "Unknown CC" (QA1801).
    attributes.append("CLOSED-CAPTIONS=NONE")
    if group:
        attributes.append(f'AUDIO="{group.name}"')
    return [f"#EXT-X-STREAM-INF:{','.join(attributes)}", f"{rendition.name}/index.m3u8"]


def _audio_variant(rendition: PlayableRendition, group: AudioGroup | None = None) -> list[str]:
    audio = group.members if group else (rendition,)
    attributes = [
        f"BANDWIDTH={bandwidth_bps([], audio)}",
        f"AVERAGE-BANDWIDTH={average_bandwidth_bps([], audio)}",
        f"CODECS={quoted(','.join(group.codecs if group else (rendition.codec,)))}",
    ]
    if group:
        attributes.append(f'AUDIO="{group.name}"')
    return [f"#EXT-X-STREAM-INF:{','.join(attributes)}", f"{rendition.name}/index.m3u8"]


def render_media_playlist(
    rendition: PlayableRendition, clip: Clip | None = None, *, shared: Shared | None = None
) -> str:
    """Render one rendition's playlist; of one that is cut to a clip, players are told where in it to begin.

    `shared` None: it is all there is.
    Raises: ValueError for a rendition without segments.
    """
    index = rendition.index
    shared = shared or shared_of_one(rendition)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{shared.target_s}",
        # Where it begins, too: an encrypted segment's number is its IV (videos/segment_cipher.py).
        f"#EXT-X-MEDIA-SEQUENCE:{index.segments[0].number if index.segments else 0}",
        shared.type_line(is_complete=rendition.is_complete),
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    if clip is not None:
        lines += _begin_of_clip(index, clip)
    elif not (shared.is_whole and rendition.is_complete):
        # Without this, players join a growing playlist near its end. Of one that has ended it stays: lines are only added.
        lines.append("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES")
    lines.append('#EXT-X-MAP:URI="init.mp4"')
    if rendition.is_encrypted:
        # Behind the map, which is in the clear, and so that one key goes for all that follows.
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="{KEY_NAME}"')
    origin_ticks = index.segments[0].start_ticks if index.segments else 0
    for segment in index.segments:
        lines += [f"#EXTINF:{extinf(segment, origin_ticks, index.timescale)},", f"{segment.number:05d}.m4s"]
    if rendition.is_complete:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _begin_of_clip(index: SegmentIndex, clip: Clip) -> list[str]:
    begin_s = Fraction(index.segments[0].start_ticks, index.timescale)
    offset_s = max(Fraction(0), Fraction(clip.start_ms, 1000) - begin_s) + INSIDE_S
    return [f"#EXT-X-START:TIME-OFFSET={_decimal(offset_s, 3)},PRECISE=YES", clock_line(begin_s)]


def clock_line(time_s: Fraction) -> str:
    """Return what says at which time of the video a playlist begins; the day is made up.

    Picture, sound and text of a clip do not begin at the same time: only by a clock of all do players know.
    """
    begin = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=rounded(time_s * 1000))
    return f"#EXT-X-PROGRAM-DATE-TIME:{begin.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"


def extinf(segment: Segment, origin_ticks: int, timescale: int) -> str:
    """Return how long a segment is, where the playlist begins at `origin_ticks`."""
    # The difference of two rounded times, so that rounding never adds up: any sum is right to a microsecond.
    start = rounded(Fraction(segment.start_ticks - origin_ticks, timescale) * _MICROSECOND)
    end = rounded(
        Fraction(segment.start_ticks + segment.duration_ticks - origin_ticks, timescale) * _MICROSECOND
    )
    return _decimal(Fraction(end - start, _MICROSECOND), 6)


def _decimal(value: Fraction, places: int) -> str:
    scaled = rounded(value * 10**places)
    whole, part = divmod(scaled, 10**places)
    return f"{whole}.{part:0{places}d}"
