"""What a source must be to be accepted; each refusal in the customer's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gilfoyle.lib.config import Container, EncodingSettings, UploadSettings
from processing.errors import (
    CodecNotAccepted,
    ContainerNotAccepted,
    NoPlayableStream,
    PictureTooLarge,
    SourceEncrypted,
    SourceTooDemanding,
    SourceTooLong,
    SourceUnreadable,
)
from processing.ffmpeg.formats import AUDIO_DECODERS
from processing.media import MediaInfo

DOLBY_VISION_TAGS = ("dvh1", "dvhe", "dva1", "dvav", "dav1")  # "hvc1" where others can show the base layer
UNSPECIFIED = (0, 2)  # ISO 23091-2
IPT_MATRIX = 15

NAMES: Mapping[Container, str] = {
    "mp4": "MP4 or MOV",
    "matroska": "Matroska or WebM",
    "mpegts": "MPEG-TS",
    "mpegps": "MPEG-PS",
    "avi": "AVI",
    "flv": "FLV",
    "ogg": "Ogg",
    "mp3": "MP3",
    "wav": "WAV",
    "flac": "FLAC",
    "aac": "AAC",
}


def require_accepted_container(container: Container, upload: UploadSettings) -> None:
    """Check that the operator accepts this container.

    Raises: ContainerNotAccepted.
    """
    if container not in upload.containers:
        wanted = ", ".join(NAMES[accepted] for accepted in upload.containers)
        message = f"The file is {NAMES[container]}, which is not accepted here."
        raise ContainerNotAccepted(message, hint=f"Accepted: {wanted}.")


def require_readable(document: Mapping[str, Any], encoding: EncodingSettings) -> None:
    """Check what the probing child met: a file it could open, a picture of sane size, streams that it could decode.

    Raises: SourceUnreadable, SourceEncrypted, PictureTooLarge, CodecNotAccepted, NoPlayableStream.
    """
    problem = document.get("problem")
    if problem == "unreadable":
        raise damaged(detail=str(document.get("detail", "")))
    if problem == "picture_too_large":
        _refuse_picture(document["video"]["width"], document["video"]["height"], encoding)
    video, audio = document.get("video"), document.get("audio", [])
    if any(stream.get("is_encrypted") for stream in (*([video] if video else []), *audio)):
        message = "The file is encrypted: it can't be read without its key."
        raise SourceEncrypted(message, hint="Upload a copy without copy protection.")
    if video is None and (codecs := _codecs(document, "video")):
        raise _codec_refused(codecs)
    if not audio and (codecs := _codecs(document, "audio", known=AUDIO_DECODERS)):
        raise _codec_refused(codecs)  # a film without its sound would be taken for whole
    if video and video["decodes"] and _is_dolby_vision_alone(video):
        message = "The video is Dolby Vision of a kind that only Dolby's own decoders can show (profile 5)."
        raise CodecNotAccepted(message, hint="Export it as HDR10, HLG or SDR.")
    if any(stream["decodes"] for stream in ([video] if video else audio)):
        return
    if video or audio:
        raise damaged()
    message = "The file holds neither video nor sound."
    raise NoPlayableStream(message)


def _is_dolby_vision_alone(video: Mapping[str, Any]) -> bool:
    """Tell whether a Dolby Vision stream has no base layer in usual colours, as profile 8 has.

    Such a one says nothing of its transfer, because none of the known ones holds (or names the matrix IPT).
    """
    frame = video["frame"]
    is_dolby_vision = video["tag"] in DOLBY_VISION_TAGS or frame["is_dolby_vision"]
    says_nothing = frame["transfer"] in UNSPECIFIED and video["transfer"] in UNSPECIFIED
    return frame["matrix"] == IPT_MATRIX or (is_dolby_vision and says_nothing)


def _codecs(document: Mapping[str, Any], kind: str, *, known: Sequence[str] = ()) -> list[str]:
    """Name the codecs of the streams of a kind, but those with a known decoder; a cover picture is no video."""
    streams = [s for s in document["streams"] if s["type"] == kind and s.get("decoder") not in known]
    return sorted({stream["codec"] or "unknown" for stream in streams if not stream["is_cover"]})


def _codec_refused(codecs: list[str]) -> CodecNotAccepted:
    message = f"The file's codec is not accepted: {', '.join(codecs)}."
    return CodecNotAccepted(message, hint="Convert it to H.264 and AAC.")


def require_within_limits(info: MediaInfo, *, upload: UploadSettings, encoding: EncodingSettings) -> None:
    """Check the size of the picture and the length.

    Raises: PictureTooLarge, SourceTooLong, SourceUnreadable.
    """
    if info.video and info.video.width * info.video.height > encoding.max_pixels:
        _refuse_picture(info.video.width, info.video.height, encoding)
    if info.duration_s <= 0:
        raise damaged()
    if info.duration_s > upload.max_duration_s:
        found, allowed = _hours(float(info.duration_s)), _hours(upload.max_duration_s)
        message = f"The video lasts {found}, longer than the {allowed} that are accepted."
        raise SourceTooLong(message)


def damaged(*, detail: str = "") -> SourceUnreadable:
    """Return the refusal of a file that is of the right kind but can't be read."""
    return SourceUnreadable(
        "The file is damaged: it can't be read as video or sound.",
        hint="Export it again from the original.",
        detail=detail[:500],
    )


def damaged_at(time_s: float, *, detail: str = "") -> SourceUnreadable:
    """Return the refusal of a file of which some can be read, but not what comes at `time_s`."""
    return SourceUnreadable(
        f"The file is damaged at {_hours(time_s)}: it can't be read on from there.",
        hint="Export it again from the original.",
        detail=detail[:500],
    )


def too_demanding(*, detail: str = "") -> SourceTooDemanding:
    """Return the refusal of a file that would take more time or memory than anything reasonable does."""
    return SourceTooDemanding(
        "The file takes more time or memory to decode than is allowed here.",
        hint="Convert it to H.264 and AAC at the size at which it is to be shown.",
        detail=detail[:500],
    )


def _refuse_picture(width: int, height: int, encoding: EncodingSettings) -> None:
    message = f"The picture of {width} x {height} is too large: at most {encoding.max_pixels:,} pixels are accepted."
    raise PictureTooLarge(message)


def _hours(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
