"""The keys that segments are encrypted with: one a revision, wrapped, in a row of its own.

To remove the row is to shred the bytes: whatever is left of them, in a store, a cache or a backup of it, opens no more.
"""

from __future__ import annotations

import secrets

from gilfoyle.lib.wrapped_keys import unwrap_key, wrap_key
from videos.catalog.models import ContentKey, EncryptedRevision
from videos.segment_cipher import CONTENT_KEY_LENGTH, SegmentCipher

PURPOSE = "segments"


def make_content_key(*, video_id: str, revision: str, root_secret: bytes) -> None:
    """Give a revision its key, in the transaction that gives it its job."""
    key = secrets.token_bytes(CONTENT_KEY_LENGTH)
    wrapped = wrap_key(key, root_secret=root_secret, purpose=PURPOSE, owner=owner_of(video_id, revision))
    EncryptedRevision.objects.get_or_create(revision=revision, defaults={"video_id": video_id})
    ContentKey.objects.create(revision=revision, video_id=video_id, wrapped=wrapped)


def find_cipher(*, video_id: str, revision: str, root_secret: bytes) -> SegmentCipher | None:
    """Return what encrypts a revision's segments; None where it has no key (any more). Nothing is kept of it.

    Raises: KeyUnusable, above all where the root secret is another one than it was.
    """
    row = ContentKey.objects.filter(pk=revision, video_id=video_id).first()
    return _opened(row, root_secret) if row else None


def was_shredded(*, video_id: str, revision: str) -> bool:
    """Tell whether a revision is encrypted, and its key gone: destroyed, or not in the backup that was restored."""
    marked = EncryptedRevision.objects.filter(pk=revision, video_id=video_id).exists()
    return marked and not ContentKey.objects.filter(pk=revision, video_id=video_id).exists()


def find_rendition_key(*, video_id: str, revision: str, rendition: str, root_secret: bytes) -> bytes | None:
    """Return the 16 bytes for players of one rendition; None where there is no such, or it is not encrypted.

    Raises: KeyUnusable.
    """
    has_rendition = {"video__renditions__revision": revision, "video__renditions__name": rendition}
    row = ContentKey.objects.filter(pk=revision, video_id=video_id, **has_rendition).first()
    return _opened(row, root_secret).key_of(rendition) if row else None


def destroy_content_keys(*, video_id: str, revision: str | None = None) -> None:
    """Destroy the key of a revision, or of all of a video; a second time changes nothing.

    That they were encrypted stays known for as long as anything of them may be there.
    """
    keys = ContentKey.objects.filter(video_id=video_id)
    (keys if revision is None else keys.filter(revision=revision)).delete()


def forget_encrypted(*, video_id: str, revision: str | None = None) -> None:
    """Forget a revision that is gone, or all of a video's, with the keys."""
    destroy_content_keys(video_id=video_id, revision=revision)
    marks = EncryptedRevision.objects.filter(video_id=video_id)
    (marks if revision is None else marks.filter(revision=revision)).delete()


def _opened(row: ContentKey, root_secret: bytes) -> SegmentCipher:
    owner = owner_of(row.video_id, row.revision)
    # Some databases give memory views.
    return SegmentCipher(
        unwrap_key(bytes(row.wrapped), root_secret=root_secret, purpose=PURPOSE, owner=owner)
    )


def owner_of(video_id: str, revision: str) -> str:
    """Return whose key a revision's is, as it is wrapped."""
    return f"{video_id}/{revision}"
