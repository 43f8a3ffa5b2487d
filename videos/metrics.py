"""What is counted of uploads and videos, of nobody in particular."""

from __future__ import annotations

from gilfoyle.lib.metrics import counter, histogram

BEGUN, FINISHED, ABORTED = "begun", "finished", "aborted"
# Why an upload did not arrive (uploads/states.py); codes of errors are `other`.
REASONS = ("expired", "replaced", "terminated", "revoked", "video_deleted", "stopped")
READY, FAILED = "ready", "failed"

UPLOADS = counter("gilfoyle_uploads", "Uploads, by what became of them.", event=(BEGUN, FINISHED, ABORTED))
UPLOAD_ABORTS = counter("gilfoyle_upload_aborts", "Uploads that did not arrive, by why.", reason=REASONS)
UPLOAD_BYTES = counter("gilfoyle_upload_bytes", "Bytes of sources that arrived whole.")
VIDEOS = counter(
    "gilfoyle_videos_processed", "Videos whose processing ended, by how.", outcome=(READY, FAILED)
)
PLAYABLE_SECONDS = histogram(
    "gilfoyle_time_to_playable_seconds",
    "From the last uploaded byte until the video can be played.",
    buckets=(0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60, 120, 300, 900, 3600),
)
