"""What the pieces of an upload are encrypted with until they are joined: one key for all of an upload's.

Only in a bucket: pieces that grow in a folder of this machine stay as they came until then.
"""

from __future__ import annotations

import structlog

from gilfoyle.lib import storage_pieces
from gilfoyle.lib.config import Config
from videos import layout
from videos.catalog.source_keys import SourceKeyMissing, find_key, prepare_key
from videos.uploads.errors import UploadKeyLost
from videos.uploads.models import Upload, UploadPiece

log = structlog.get_logger(__name__)


def piece_key_name(upload: Upload) -> str:
    """Return by which name the key is kept: that of the folder, by which the sweep knows it, too."""
    return layout.upload_folder(upload.project_id or "", upload.pk) + "/"


def prepare_piece_key(upload: Upload, config: Config) -> bytes | None:
    """Return what the next pieces of an upload are to be encrypted with; None: they stay as they came.

    Raises: UploadKeyLost, KeyUnusable.
    """
    if storage_pieces.can_grow():
        return None
    if UploadPiece.objects.filter(upload=upload, is_encrypted=True).exists():
        # Never a new key beside those pieces: the file could not be put together, and nobody would know before its end.
        return _find_key(upload)
    return prepare_key(name=piece_key_name(upload), video_id=upload.video_id or "", config=config)


def find_piece_key(piece: UploadPiece) -> bytes | None:
    """Return what a piece is encrypted with; None where it lies as it came.

    Raises: UploadKeyLost, KeyUnusable.
    """
    return _find_key(piece.upload) if piece.is_encrypted else None


def _find_key(upload: Upload) -> bytes:
    try:
        return find_key(piece_key_name(upload))
    except SourceKeyMissing:
        log.warning("upload_key_lost", upload_id=upload.pk)
        message = "What has arrived of this upload can't be read any more: its key is not in the database."
        raise UploadKeyLost(message, hint="Start a new upload.") from None
