"""What may go wrong while a video is processed: with the source (the customer's matter) or with our tools."""

from __future__ import annotations

from typing import Any

from gilfoyle.lib.errors import Fault, InvalidInput, Refusal


class SourceRejected(Refusal):
    """The source can't be accepted; the message is shown to the customer, the code kept on the video."""

    code = "source_rejected"
    http_status = 422


class SourceEmpty(SourceRejected):
    code = "source_empty"


class SourceNotMedia(SourceRejected):
    code = "source_not_media"


class SourceIsImage(SourceRejected):
    code = "source_is_image"


class SourceTruncated(SourceRejected):
    code = "source_truncated"


class SourceUnreadable(SourceRejected):
    code = "source_unreadable"


class SourceEncrypted(SourceRejected):
    code = "source_encrypted"


class SourceTooLong(SourceRejected):
    code = "source_too_long"


class SourceTooDemanding(SourceRejected):
    code = "source_too_demanding"


class PictureTooLarge(SourceRejected):
    code = "source_too_large_picture"


class NoPlayableStream(SourceRejected):
    code = "no_playable_stream"


class ContainerNotAccepted(SourceRejected):
    code = "container_not_accepted"


class CodecNotAccepted(SourceRejected):
    code = "codec_not_accepted"


class GridChanged(Refusal):
    """What is to be made anew would not fit to what is kept."""

    code = "grid_changed"
    http_status = 409


class CodecNotPlanned(Refusal):
    """The picture can't be had in a codec that was asked for."""

    code = "codec_not_planned"
    http_status = 422


class CodecNotConfigured(InvalidInput):
    code = "codec_not_configured"


class UnknownRendition(InvalidInput):
    code = "unknown_rendition"


class ToolFailed(Fault):
    """A program ended badly; `argv`, `exit_code` and `stderr_tail` are for the operator."""

    code = "tool_failed"

    def __init__(
        self, message: str, *, argv: tuple[str, ...], exit_code: int, stderr_tail: str, **facts: Any
    ) -> None:
        super().__init__(message, argv=argv, exit_code=exit_code, stderr_tail=stderr_tail, **facts)
        self.argv, self.exit_code, self.stderr_tail = argv, exit_code, stderr_tail


class ToolTimedOut(ToolFailed):
    code = "tool_timed_out"


class SourceAltered(Fault):
    """The stored source is not what arrived: it became so where it is stored."""

    code = "source_altered"


class ScriptHostLost(Fault):
    """The process whose forks run our scripts is gone: that says nothing of the file that was looked at."""

    code = "script_host_lost"


class ToolMissing(Fault):
    """No ffmpeg, or one that is too old or lacks what the ladder needs."""

    code = "tool_missing"


class ScratchUnusable(Fault):
    """There is no folder to work in on this machine: the step waits for one, here or elsewhere."""

    code = "scratch_unusable"


class StoreAway(Fault):
    """The media store fails or is silent: the step waits for it."""

    code = "store_away"


class DatabaseAway(Fault):
    """The database failed in the middle of a step, which waits for it."""

    code = "database_away"


class ContentKeyLost(Fault):
    """The key that segments are to be encrypted with is gone, or the root secret is another one than it was."""

    code = "content_key_lost"


class EncodeUnverified(Fault):
    """What ffmpeg wrote is not what was planned; nothing of it was stored."""

    code = "encode_unverified"
