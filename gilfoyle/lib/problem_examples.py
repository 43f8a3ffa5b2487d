"""Each error that the API answers with, as an example for the OpenAPI document; and what its common parameters are.

The words of real answers name the case at hand; programs go by `code` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """An answer: its status, title, hint where there is one, and further members."""

    status: int
    title: str
    hint: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)

    def body(self, status: int | None = None) -> dict[str, Any]:
        """Return the members of the problem, without its code; `status` where it is another one."""
        body = {"type": "about:blank", "title": self.title, "status": status or self.status, **self.told}
        return {**body, "hint": self.hint} if self.hint else body


NEW_ADDRESS = "Ask for another one."
TITLE = {
    "field": "title",
    "message": "Ensure this field has no more than 255 characters.",
    "code": "max_length",
}
ROOM = {
    "quota": "stored_bytes",
    "of": "project",
    "limit": 10737418240,
    "used": 10730000000,
    "asked": 48211030,
}

EXAMPLES: Mapping[str, Example] = {
    # Of every call.
    "invalid_input": Example(400, "Some fields are not acceptable.", told={"errors": [TITLE]}),
    "parse_error": Example(400, "JSON parse error - Expecting value: line 1 column 1 (char 0)"),
    "api_key_invalid": Example(401, "The API key is not valid.", "Send `Authorization: Bearer <API key>`."),
    "scope_missing": Example(403, "This key lacks the scope videos:write.", "Use a key that has it."),
    "project_suspended": Example(403, "This project is suspended.", "Ask the operator of this server."),
    "method_not_allowed": Example(405, 'Method "GET" not allowed.'),
    "not_acceptable": Example(406, "Could not satisfy the request Accept header."),
    "too_large": Example(413, "The JSON body may have at most 1 MiB."),
    "unsupported_media_type": Example(415, 'Unsupported media type "text/plain" in request.'),
    "too_many_requests": Example(
        429,
        "This key may make 600 requests a minute, and has made them.",
        "Wait for the seconds that Retry-After names, and ask less often.",
        {"of": "key", "limit": 600},
    ),
    "fault": Example(500, "Something went wrong on our side."),
    "database_unavailable": Example(503, "The database can't be asked right now.", "Try again in a moment."),
    "storage_fault": Example(503, "Something went wrong on our side."),
    "no_space": Example(507, "There is no room left for this file."),
    "idempotency_key_invalid": Example(
        400,
        "An Idempotency-Key has 1 to 255 letters, digits and signs of ._~:+/=@-.",
        "A random UUID does it.",
    ),
    "idempotency_key_in_use": Example(
        409,
        "A request with this Idempotency-Key is still at work.",
        "Send the same once more, after Retry-After seconds.",
    ),
    "idempotency_key_reused": Example(
        422,
        "This Idempotency-Key was used for another request.",
        "Make a new key for each thing to create.",
    ),
    # Videos, their processing and their text.
    "video_not_found": Example(404, "There is no such video."),
    "video_deleted": Example(409, "This video is being deleted."),
    "legal_hold": Example(
        409,
        "This video is under a legal hold: nothing of it may be deleted or replaced.",
        "Ask the operator of this server.",
    ),
    "videos_limited": Example(
        429,
        "This creator may make 10 videos in 24 hours at the moment.",
        "Try again later, or ask the operator of this server.",
        {"of": "creator", "limit": 10, "used": 10},
    ),
    "poster_beyond_end": Example(
        422,
        "The poster can't be taken at 95.0 s: the video ends at 93.44 s.",
        "Choose a time within the video, or null for a good picture.",
    ),
    "job_not_found": Example(404, "This video has not been processed yet.", "Upload its source first."),
    "already_reprocessing": Example(
        409, "This video is being processed again already.", "Follow its job, or cancel it."
    ),
    "invalid_transition": Example(
        409,
        "Only a video that is ready can be processed again; this one is awaiting_upload.",
        "Follow its job, or upload its source.",
    ),
    "codec_not_configured": Example(
        422, "av1 is not among the codecs of this server.", "encoding.codecs holds h264, hevc."
    ),
    "unknown_rendition": Example(422, "This video has no rendition v4320.", "It has v360, v720, a128."),
    "track_not_found": Example(404, "There is no such text track."),
    "too_many_tracks": Example(
        409, "This video has 50 text tracks already, the most that are accepted here.", "Remove one first."
    ),
    "track_too_large": Example(413, "The largest text track accepted here has 2097152 bytes."),
    "track_not_text": Example(422, "The file is neither WebVTT nor SRT."),
    "track_empty": Example(422, "The file has no cues."),
    "track_rejected": Example(422, "The file is not text in UTF-8."),
    # Sources and uploads.
    "source_exists": Example(
        409, "This video has a source already.", "Make another video for another file."
    ),
    "source_differs": Example(
        422,
        "The file that arrived is not the one that was announced: its SHA-256 is another one.",
        "Send it again.",
    ),
    "source_too_large": Example(
        413,
        "The file has 99000000000 bytes; the largest accepted here is 53687091200.",
        "Send a smaller file, or ask the operator to raise upload.max_size_bytes.",
    ),
    "length_required": Example(411, "The request must tell its Content-Length."),
    "quota_exceeded": Example(
        403,
        "This project may store 10737418240 bytes; 10730000000 are taken, and 48211030 more do not fit.",
        "Delete something, or ask the operator for a higher limit.",
        ROOM,
    ),
    "uploads_frozen": Example(
        403,
        "This project may upload nothing at the moment.",
        "Ask the operator of this server.",
        {"of": "project"},
    ),
    "video_restricted_for_uploads": Example(403, "This video is restricted: no source is taken for it."),
    "too_many_uploads": Example(
        429,
        "This key has 100 unfinished uploads, and may have 100.",
        "Finish or end some of them; forgotten ones are removed by themselves.",
        {"of": "key", "limit": 100, "used": 100},
    ),
    "upload_in_progress": Example(
        409,
        "Another upload to this video is under way.",
        "Wait for it to end, or make another video.",
    ),
    "upload_incomplete": Example(
        400, "Only 1000 of 48211030 bytes arrived; nothing was kept.", "Send the whole file again."
    ),
    "upload_ended": Example(409, "This upload was given up, or the video was deleted.", "Start again."),
    "upload_not_found": Example(404, "There is no such upload.", "Start a new one."),
    "upload_expired": Example(410, "This upload has expired or was ended.", "Start a new one."),
    "upload_key_lost": Example(
        410,
        "What has arrived of this upload can't be read any more: its key is not in the database.",
        "Start a new upload.",
    ),
    "upload_is_final": Example(
        403, "A final upload is put together from its parts; it takes no bytes of its own."
    ),
    "upload_offset_mismatch": Example(
        409, "The upload is at byte 5242880, not at 0.", "Ask with HEAD how far it is."
    ),
    "upload_length_fixed": Example(409, "The length is 48211030 bytes and can't be changed."),
    "upload_resumed_elsewhere": Example(
        409,
        "Another connection has gone on with this upload, or it was ended.",
        "Ask with HEAD how far it is.",
    ),
    "upload_bytes_differ": Example(
        409,
        "These bytes are not those of the file that was begun, which was given up.",
        "Send the file again from its beginning.",
    ),
    "tus_version_unsupported": Example(
        412, "This server speaks version 1.0.0 of the tus protocol.", "Send `Tus-Resumable: 1.0.0`."
    ),
    "tus_header_invalid": Example(
        400, "The length is missing.", "Send `Upload-Length`, or `Upload-Defer-Length: 1`."
    ),
    "checksum_unsupported": Example(
        400,
        "This checksum algorithm is not supported.",
        "Supported are sha256, sha1, sha512, md5.",
    ),
    "checksum_mismatch": Example(
        460, "The bytes do not match their checksum; none of them was kept.", "Send them again."
    ),
    "body_type_unsupported": Example(415, "The body must be sent as application/offset+octet-stream."),
    "content_range_invalid": Example(400, "Content-Range must be `bytes FIRST-LAST/TOTAL`."),
    "upload_grant_not_found": Example(404, "There is no such upload address."),
    "upload_grant_invalid": Example(403, "This upload address is not valid.", NEW_ADDRESS),
    "upload_grant_expired": Example(410, "This upload address has expired.", NEW_ADDRESS),
    "origin_not_allowed": Example(
        403,
        "This upload address can't be used from this web site.",
        "Name its origin in `allowed_origins`.",
    ),
    "direct_upload_unavailable": Example(
        409,
        "Files can't be sent straight to the storage of this server.",
        "Upload by tus or by PUT: see `tus_url` of POST /uploads.",
    ),
    "upload_part_invalid": Example(
        422, "This file has the parts 1 to 10.", "Cut the file into parts of `part_size_bytes`."
    ),
    "upload_parts_missing": Example(
        409,
        "1 of 10 parts are not there, or not whole: 7.",
        "Send them, then complete the upload again.",
    ),
    "upload_parts_changed": Example(
        409,
        "The parts that are there are not those that were named.",
        "Look at the parts that are there, and send those again that differ.",
    ),
    "upload_parts_too_large": Example(
        422,
        "Part 10 has more bytes than were announced; the upload was given up.",
        "Start a new upload with the size that the file has.",
    ),
    "upload_complete": Example(409, "This upload is complete.", "Its video tells how it goes on."),
    "imports_disabled": Example(
        403,
        "This server imports nothing from elsewhere.",
        "Upload the file, or ask the operator to switch on imports.enabled.",
    ),
    "import_in_progress": Example(
        409, "An import to this video is under way.", "Wait for it to end, or cancel it."
    ),
    "import_not_found": Example(404, "Nothing was imported to this video.", "Begin with POST."),
    "address_invalid": Example(422, "Port 22 may not be connected to, only 80, 443."),
    "address_refused": Example(422, "There is no public server at this address."),
    "bucket_unknown": Example(422, "There is no bucket of this name here.", "Ask the operator."),
    # Playback.
    "video_not_playable": Example(
        409, "This video can't be played yet.", "Wait until `playable` is true."
    ),
    "video_not_ready": Example(404, "There is nothing to play here."),
    "video_is_restricted": Example(403, "This video is restricted and can't be played."),
    "age_not_confirmed": Example(
        403, "This video has an age label.", "Send age_ok: true for viewers who are old enough."
    ),
    "country_needed": Example(
        403, "This video is blocked in DE.", "Send the viewer's country, as in DE."
    ),
    "clips_not_kept": Example(
        409,
        "No clips of this video can be made: others can read its files, and its key opens all of them.",
        "Clips need files that Gilfoyle alone can give away (storage.is_public, playback.cdn_url).",
    ),
    "nothing_to_explain": Example(
        422,
        "This is no playback address.",
        "It begins with /play/ or /embed/, as the playback answer names it.",
    ),
    "revocation_not_found": Example(404, "There is no such revocation."),
    "too_many_revocations": Example(
        409,
        "10000 sessions and groups of this project are revoked already.",
        "They end when their tokens do. Revoke a video, a signing key or everything instead.",
    ),
    "signing_key_not_found": Example(404, "There is no such signing key."),
    "signing_key_revoked": Example(409, "This signing key is revoked.", "Make a new one."),
    "signing_key_is_own": Example(409, "Gilfoyle makes a new key of its own when it needs one."),
    "public_key_revoked": Example(
        409, "This public key was revoked here, and stays so.", "Make a new pair of keys."
    ),
    "too_many_signing_keys": Example(
        409, "A project has at most 20 signing keys.", "Revoke one that is not used any more."
    ),
    # Webhooks.
    "webhook_not_found": Example(404, "There is no such webhook endpoint."),
    "delivery_not_found": Example(
        404, "There is no such delivery.", "Deliveries are kept for some days (webhooks.keep_deliveries_days)."
    ),
    "too_many_webhooks": Example(
        409, "This project has 20 webhook endpoints, the most that are accepted here.", "Remove one first."
    ),
    "webhook_disabled": Example(409, "This endpoint is disabled; nothing is sent to it.", "Enable it first."),
    "delivery_under_way": Example(409, "This delivery waits to be sent already, or is being sent."),
    "delivery_forgotten": Example(409, "What was sent is not kept any more."),
    # Unsafe use and privacy.
    "report_not_found": Example(404, "There is no such report."),
    "report_rejected": Example(422, "at_s lies behind the end of the video, which is 93.44 s long."),
    "decision_not_found": Example(404, "There is no such decision."),
    "appeal_not_found": Example(404, "There is no such appeal."),
    "appeal_not_possible": Example(409, "There is an appeal against this decision already."),
    "restriction_not_yours": Example(
        403,
        "The operator of this server restricted this video; you can't lift that.",
        "Appeal against the decision: POST /appeals.",
    ),
    "creator_under_review": Example(
        409,
        "Something severe was reported of this creator, and is being looked at.",
        "Ask again once it is decided, or ask the operator of this server.",
    ),
}  # fmt: skip

# What parameters are whose views say nothing of them.
PARAMETERS: Mapping[str, str] = {
    "api_key_id": "The id of an API key of this project.",
    "appeal_id": "As `POST /appeals` answered it, `apl_…`.",
    "created_after": "Made at this time or later (RFC 3339).",
    "created_before": "Made before this time (RFC 3339).",
    "creator_id": "Your own id of one of your users.",
    "decision_id": "As it stands in lists of decisions, `dec_…`.",
    "delivery_id": "As the list of deliveries names it, `msg_…`: the `webhook-id`.",
    "endpoint_id": "As `POST /webhooks` answered it, `whe_…`.",
    "external_id": "Your own id of the video.",
    "grant_id": "As `POST /uploads` answered it, `upg_…`.",
    "group_by": "What a row of the answer is about.",
    "playable": "Only those that can be played now, or only those that can't.",
    "report_id": "As `POST /reports` answered it, `rep_…`.",
    "revocation_id": "As the list of revocations names it, `rev_…`.",
    "signing_key_id": "As the list of signing keys names it.",
    "state": "Only reports in this state.",
    "track_id": "As the list of text tracks names it, `trk_…`.",
    "upload_id": "As the answer that began the upload named it, `upl_…`.",
    "video_id": "The id of a video of this project, `vid_…`.",
}
