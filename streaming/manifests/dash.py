"""Presentation → DASH manifest (ISO/IEC 23009-1, profile isoff-live) of the very segments that HLS plays. Pure.

While a video grows the manifest is dynamic, its start never moves and players ask again; whole, it is static. What is
listed can be had at once, so it all counts as available since long ago, however much faster than time it is encoded.
The tree is written out by a library: no title, label or language can add markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from gilfoyle.lib.languages import UNKNOWN, known_tag
from streaming.manifests.audio_groups import MOST_STEREO_CHANNELS, name_tracks
from streaming.manifests.bandwidth import bandwidth_bps
from streaming.manifests.dash_timeline import add_template, are_aligned, duration_text, end_s, longest_s

if TYPE_CHECKING:
    from streaming.manifests.presentation import Presentation
    from videos.segment_index import PlayableRendition
    from videos.storyboard import Storyboard
    from videos.tracks.selectors import PlayableTrack

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
LIVE_PROFILE = "urn:mpeg:dash:profile:isoff-live:2011"
ROLES = "urn:mpeg:dash:role:2011"
ROOMS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
AUDIO_PURPOSES = "urn:tva:metadata:cs:AudioPurposeCS:2007"
FOR_THE_BLIND = "1"  # of those purposes
TILES = "http://dashif.org/guidelines/thumbnail_tile"
CLOCK = "urn:mpeg:dash:utc:direct:2014"  # without one, players ask a time server of their own choice
ALWAYS = "1970-01-01T00:00:00Z"
ASK_AGAIN_S = 2
TEXT_BPS = 1_000  # required, and too little to matter
SHEET_BYTES = 150_000  # of storyboards: what players reckon with
# Which number each kind of codec has as a set: numbers must stay while sets come.
VIDEO_SETS = {"avc1": 1, "avc3": 1, "hvc1": 2, "hev1": 2, "vp09": 3, "av01": 4}
OTHER_SET, SHEETS_SET, FIRST_AUDIO_SET = 8, 9, 10


def render_mpd(presentation: Presentation, *, now: datetime) -> str:
    """Render the manifest; `now` is said to players of what still grows.

    Raises: ValueError for a presentation without any rendition.
    """
    media = (*presentation.video, *presentation.audio)
    if not media:
        message = "Nothing is playable."
        raise ValueError(message)
    if presentation.clip is None:
        origin_s = min(Fraction(one.index.segments[0].start_ticks, one.index.timescale) for one in media)
    else:
        origin_s = presentation.origin_s
    length_s = max(map(end_s, media)) - origin_s
    mpd = ET.Element("MPD", {"xmlns": NAMESPACE, "profiles": LIVE_PROFILE})
    mpd.attrib.update(_times(presentation, length_s, now))
    mpd.set("minBufferTime", duration_text(longest_s(media)))
    mpd.set("maxSegmentDuration", duration_text(longest_s(media)))
    period = ET.SubElement(mpd, "Period", {"id": "0", "start": "PT0S"})
    _add_video(period, presentation.video, origin_s)
    _add_audio(period, presentation.audio, origin_s)
    for track in presentation.text:
        _add_text(period, track)
    if presentation.storyboard is not None and presentation.is_complete:
        _add_storyboard(period, presentation.storyboard)
    if not presentation.is_complete:
        ET.SubElement(mpd, "UTCTiming", {"schemeIdUri": CLOCK, "value": _instant(now)})
    ET.indent(mpd)
    written: bytes = ET.tostring(mpd, encoding="utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _times(presentation: Presentation, length_s: Fraction, now: datetime) -> dict[str, str]:
    if presentation.is_complete:
        return {"type": "static", "mediaPresentationDuration": duration_text(_just_past(length_s))}
    facts = {
        "type": "dynamic",
        "availabilityStartTime": ALWAYS,
        "publishTime": _instant(now),
        "minimumUpdatePeriod": duration_text(Fraction(ASK_AGAIN_S)),
    }
    planned_s = Fraction(presentation.planned_s or 0)
    if planned_s >= length_s:
        # Players that know the end take it for a film that is not whole yet, not for a live one: they begin at the start.
        facts["mediaPresentationDuration"] = duration_text(planned_s)
    return facts


def _just_past(length_s: Fraction) -> Fraction:
    """Return the first whole millisecond after the media's end.

    dash.js 5 asks every 200 ms whether the time told here is reached, and if it is before the element has said that it
    has ended, it goes back half a second and pauses there for good.
    """
    return Fraction(floor(length_s * 1000) + 1, 1000)


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _add_video(period: ET.Element, video: Sequence[PlayableRendition], origin_s: Fraction) -> None:
    numbers = sorted({_video_set(one) for one in video})
    for number in numbers:
        members = [one for one in video if _video_set(one) == number]
        one_set = _add_set(period, "video", members, number)
        sizes = {
            "maxWidth": max((one.width or 0 for one in members), default=0),
            "maxHeight": max((one.height or 0 for one in members), default=0),
        }
        one_set.attrib.update({name: str(size) for name, size in sizes.items() if size})
        rates = [one.frame_rate for one in members if one.frame_rate]
        if rates:
            one_set.set("maxFrameRate", str(max(rates)))
        _add_role(one_set, "main")
        for one in members:
            added = _add_representation(one_set, one, origin_s)
            if one.width and one.height:
                added.attrib.update({"width": str(one.width), "height": str(one.height), "sar": "1:1"})
            if one.frame_rate:
                added.set("frameRate", str(one.frame_rate))


def _video_set(rendition: PlayableRendition) -> int:
    return VIDEO_SETS.get(rendition.codec.partition(".")[0], OTHER_SET)


def _add_audio(period: ET.Element, audio: Sequence[PlayableRendition], origin_s: Fraction) -> None:
    names = name_tracks(audio)
    main_track = audio[0].audio_track if audio else None
    for members in _audio_sets(audio):
        first = members[0]
        one_set = _add_set(period, "audio", members, FIRST_AUDIO_SET + int(first.name[1:]))
        language = known_tag(first.language)
        if language != UNKNOWN:
            one_set.set("lang", language)
        _add_room(one_set, first.channels)
        ET.SubElement(one_set, "Label").text = _plain(names[first.audio_track])
        if first.role == "description":
            _add_scheme(one_set, "Accessibility", AUDIO_PURPOSES, FOR_THE_BLIND)
        spoken = first.role if first.role != "main" else "alternate"
        _add_role(one_set, "main" if first.audio_track == main_track else spoken)
        for one in members:
            _add_representation(one_set, one, origin_s)


def _audio_sets(audio: Sequence[PlayableRendition]) -> Iterator[list[PlayableRendition]]:
    """Yield what sounds the same: one of the source's sounds, in one codec, for one kind of room."""
    found: dict[tuple[int, str, bool], list[PlayableRendition]] = {}
    for one in audio:
        is_surround = (one.channels or 0) > MOST_STEREO_CHANNELS
        found.setdefault((one.audio_track, one.codec.partition(".")[0], is_surround), []).append(one)
    yield from found.values()


def _add_room(one_set: ET.Element, channels: int | None) -> None:
    # Up to 5.1 the configuration's number is that of the channels.
    if channels and channels <= 6:
        _add_scheme(one_set, "AudioChannelConfiguration", ROOMS, str(channels))


def _add_set(period: ET.Element, kind: str, members: Sequence[PlayableRendition], number: int) -> ET.Element:
    facts = {
        "id": str(number),
        "contentType": kind,
        "mimeType": f"{kind}/mp4",
        "segmentAlignment": "true" if are_aligned(members) else "false",
        "startWithSAP": "1",
    }
    return ET.SubElement(period, "AdaptationSet", facts)


def _add_representation(one_set: ET.Element, one: PlayableRendition, origin_s: Fraction) -> ET.Element:
    facts = {"id": one.name, "codecs": _plain(one.codec), "bandwidth": str(bandwidth_bps([one]))}
    added = ET.SubElement(one_set, "Representation", facts)
    add_template(added, one.index, origin_s)
    return added


def _add_text(period: ET.Element, track: PlayableTrack) -> None:
    one_set = ET.SubElement(period, "AdaptationSet", {"contentType": "text", "mimeType": "text/vtt"})
    if track.language != UNKNOWN:
        one_set.set("lang", _plain(track.language))
    ET.SubElement(one_set, "Label").text = _plain(track.label)
    _add_role(one_set, "forced-subtitle" if track.is_forced else track.kind.removesuffix("s"))
    if track.is_default:
        _add_role(one_set, "main")
    one = ET.SubElement(one_set, "Representation", {"id": track.id, "bandwidth": str(TEXT_BPS)})
    ET.SubElement(one, "BaseURL").text = f"text/{track.id}.vtt"


def _add_storyboard(period: ET.Element, board: Storyboard) -> None:
    """Add the sheets as thumbnails, where every tile is shown for as long as every other; else players would err."""
    tile_s = board.even_tile_s
    if tile_s is None:
        return
    one_set = ET.SubElement(
        period,
        "AdaptationSet",
        {"id": str(SHEETS_SET), "contentType": "image", "mimeType": "image/jpeg"},
    )
    ticks = round(tile_s * board.columns * board.rows * 1000)
    facts = {
        "id": "storyboard",
        "bandwidth": str(max(1, SHEET_BYTES * 8 * 1000 // ticks)),
        "width": str(board.columns * board.tile_width),
        "height": str(board.rows * board.tile_height),
    }
    sheets = ET.SubElement(one_set, "Representation", facts)
    _add_scheme(sheets, "EssentialProperty", TILES, f"{board.columns}x{board.rows}")
    ET.SubElement(
        sheets,
        "SegmentTemplate",
        {
            "media": "storyboard-$Number%03d$.jpg",
            "timescale": "1000",
            "duration": str(ticks),
            "startNumber": "0",
        },
    )


def _add_role(one_set: ET.Element, value: str) -> None:
    _add_scheme(one_set, "Role", ROLES, value)


def _add_scheme(parent: ET.Element, element: str, scheme: str, value: str) -> None:
    ET.SubElement(parent, element, {"schemeIdUri": scheme, "value": value})


def _plain(text: str) -> str:
    # XML can't hold these in any spelling.
    return re.sub(r"[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
