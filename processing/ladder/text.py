"""Plans which subtitles of a source become text tracks."""

from __future__ import annotations

from fractions import Fraction

from gilfoyle.lib.config import TextSettings
from gilfoyle.lib.languages import known_tag
from processing.ffmpeg.formats import CAPTIONS_IN_PICTURE, TEXT_CODECS
from processing.media import EncodePlan, MediaInfo, TextPlan, TextStream


def plan_text(info: MediaInfo, plan: EncodePlan, text: TextSettings) -> tuple[TextPlan, ...]:
    """Return a plan for each stream that is text, on the zero of the encoded pictures, else of the sound."""
    if not text.embedded:
        return ()
    zero_s = next((part.zero_s for part in (plan.video, *plan.audio) if part), Fraction(0))
    readable = [stream for stream in info.text if stream.codec in TEXT_CODECS]
    return tuple(
        TextPlan(
            stream_index=stream.index,
            codec=stream.codec,
            zero_s=zero_s,
            language=known_tag(stream.language),
            kind="captions" if _tells_sounds(stream) else "subtitles",
            is_forced=stream.is_forced,
        )
        for stream in readable[: text.max_tracks]
    )


def _tells_sounds(stream: TextStream) -> bool:
    return stream.is_for_deaf or stream.codec == CAPTIONS_IN_PICTURE
