"""Whether what a job makes is encrypted: decided when it is given its revision, and then kept to."""

from __future__ import annotations

from django.conf import settings

from gilfoyle.lib.wrapped_keys import KeyUnusable
from processing.errors import ContentKeyLost
from processing.jobs.models import Job
from videos.access.encryption import encrypts
from videos.catalog.content_keys import find_cipher, make_content_key
from videos.segment_cipher import SegmentCipher


def prepare_encryption(job: Job) -> None:
    """Give the job's revision its key, if its project's segments are to be encrypted today.

    Call before the job is saved, in the transaction that names its revision.
    """
    job.is_encrypted = encrypts(job.video.project, settings.GILFOYLE)
    if job.is_encrypted:
        make_content_key(
            video_id=job.video_id, revision=job.revision, root_secret=settings.GILFOYLE_ROOT_SECRET
        )


def cipher_of(job: Job) -> SegmentCipher | None:
    """Return what a job's segments are encrypted with; None where they are not to be.

    Never None for want of the key: where that was destroyed, nothing more is stored, least of all in the clear.
    Raises: ContentKeyLost.
    """
    if not job.is_encrypted:
        return None
    try:
        cipher = find_cipher(
            video_id=job.video_id, revision=job.revision, root_secret=settings.GILFOYLE_ROOT_SECRET
        )
    except KeyUnusable as error:
        raise ContentKeyLost(f"{error.message} {error.hint}") from error
    if cipher is None:
        message = "The key of these segments was destroyed."
        raise ContentKeyLost(message)
    return cipher
