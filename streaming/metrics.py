"""What is counted of playback: answers, bytes, plays and refusals, and nothing about viewers."""

from __future__ import annotations

from gilfoyle.lib.metrics import counter

CODES = (
    "token_invalid",
    "token_expired",
    "token_not_yet_valid",
    "video_not_ready",
    "media_not_found",
    "video_restricted",
    "playback_forbidden",
    "session_not_refreshable",
    "oembed_unauthorized",
    "playback_unavailable",
    "storage_fault",
    "object_missing",
)
# Which check of the gate, or what else, said no (gate.py, tokens/claims.py, delivery/): never what a viewer sent.
REASONS = (
    *("shape", "version", "scope_unknown", "claim_cut", "claim_twice", "claim_unknown", "claim_length"),
    *("claim_content", "base64", "key", "signature", "not_yet", "expired", "ttl", "withdrawn", "entry"),
    *("revoked_session", "revoked_group", "revoked_video", "revoked_key", "revoked_project", "not_before"),
    *(
        "scope",
        "project",
        "unsupported_limit",
        "origin",
        "max_height",
        "clip",
        "unknown",
        "project_suspended",
    ),
    *("held", "restricted", "blocked", "age", "country_unknown", "country", "embedding", "session"),
    *("awaiting_upload", "uploading", "processing", "ready", "failed", "deleting", "revision", "rendition"),
    *("no_rendition", "encrypted", "key_frames", "object", "segment", "track", "poster", "storyboard"),
    *("preview", "chapters"),
)
STATUSES = ("200", "204", "206", "302", "304", "401", "403", "404", "405", "416", "451", "500", "503")

REFUSALS = counter(
    "gilfoyle_playback_refusals",
    "Playback requests that got no, by code and reason.",
    code=CODES,
    reason=REASONS,
)
MEDIA_ANSWERS = counter(
    "gilfoyle_media_answers", "Answers to requests for segments and pictures.", status=STATUSES
)
MEDIA_BYTES = counter(
    "gilfoyle_media_sent_bytes", "Bytes of segments and pictures that this server began to send itself."
)
PLAYS = counter("gilfoyle_plays", "Plays that began.")
WATCHED_SECONDS = counter(
    "gilfoyle_watched_seconds", "Seconds of video that were fetched, of each viewing once."
)
SEGMENT_BYTES = counter(
    "gilfoyle_segment_bytes", "Bytes of the segments that players asked for, whoever sent them."
)
