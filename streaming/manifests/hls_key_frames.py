"""Key frames in HLS playlists (RFC 8216, 4.3.3.6 and 4.3.4.3): what players show while a viewer runs through a film. Pure.

The picture that a segment begins with is a byte range of that segment: nothing more is stored for it. So there is none of
what is encrypted, where a segment can only be read from its beginning to its end; none of a rendition whose segments do
not all begin with a picture that stands alone; and none before it is whole, as no player runs through what still grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from streaming.addresses import KEY_FRAMES_NAME
from streaming.manifests.bandwidth import largest_rate_bps, own_target_s, rounded
from streaming.manifests.hls import VERSION, Shared, extinf, quoted, shared_of_one

if TYPE_CHECKING:
    from videos.segment_index import PlayableRendition, Segment


def has_key_frames(rendition: PlayableRendition) -> bool:
    """Tell whether a rendition's key frames can be read by themselves."""
    is_plain = rendition.kind == "video" and rendition.is_complete and not rendition.is_encrypted
    return is_plain and rendition.index.has_key_frames


def with_key_frames(master: str, video: Sequence[PlayableRendition]) -> str:
    """Return a multivariant playlist that names the key frames of each rendition which has them."""
    return master + "".join(f"{_stream_line(one)}\n" for one in video if has_key_frames(one))


def _stream_line(rendition: PlayableRendition) -> str:
    segments, timescale = rendition.index.segments, rendition.index.timescale
    average_bps = _rate_bps(segments, timescale)
    spans = [(segment.duration_ticks, segment.key_frame_bytes) for segment in segments]
    # As of whole segments: the picture of a last one of a few frames makes no film heavy.
    peak_bps = largest_rate_bps(spans, timescale, own_target_s(rendition))
    attributes = [
        f"BANDWIDTH={max(average_bps, peak_bps)}",
        f"AVERAGE-BANDWIDTH={average_bps}",
        f"CODECS={quoted(rendition.codec)}",
    ]
    if rendition.width and rendition.height:
        attributes.append(f"RESOLUTION={rendition.width}x{rendition.height}")
    attributes += ["VIDEO-RANGE=SDR", f'URI="{rendition.name}/{KEY_FRAMES_NAME}"']
    return f"#EXT-X-I-FRAME-STREAM-INF:{','.join(attributes)}"


def _rate_bps(segments: Sequence[Segment], timescale: int) -> int:
    """Return how much there is to load for each second of the film."""
    size_bytes = sum(segment.key_frame_bytes for segment in segments)
    ticks = sum(segment.duration_ticks for segment in segments)
    return max(1, rounded(Fraction(size_bytes * 8 * timescale, max(1, ticks))))


def render_key_frames_playlist(rendition: PlayableRendition, *, shared: Shared | None = None) -> str:
    """Render the playlist of a rendition's key frames, each shown until the next.

    `shared` None: it is all there is.
    Raises: ValueError for a rendition that has none (`has_key_frames`).
    """
    if not has_key_frames(rendition):
        message = "Not every segment has a key frame that can be read by itself."
        raise ValueError(message)
    index = rendition.index
    shared = shared or shared_of_one(rendition)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{shared.target_s}",
        f"#EXT-X-MEDIA-SEQUENCE:{index.segments[0].number}",
        shared.type_line(is_complete=True),
        "#EXT-X-I-FRAMES-ONLY",
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    for segment in index.segments:
        lines += [
            f"#EXTINF:{extinf(segment, index.segments[0].start_ticks, index.timescale)},",
            f"#EXT-X-BYTERANGE:{segment.key_frame_bytes}@0",
            f"{segment.number:05d}.m4s",
        ]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"
