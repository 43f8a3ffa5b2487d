"""Names of every object in storage. A project's, a video's and a revision's objects each share a prefix."""

from __future__ import annotations


def sources_folder(project_id: str, video_id: str) -> str:
    """Return the folder of everything that was uploaded for a video."""
    return f"sources/{project_id}/{video_id}"


def source_name(project_id: str, video_id: str, upload_id: str, version: str = "") -> str:
    """Return a source's name: never that of another upload, even a late one, nor of another version ("": as it came)."""
    folder = f"{sources_folder(project_id, video_id)}/{upload_id}"
    return f"{folder}/source-{version}" if version else f"{folder}/source"


def upload_folder(project_id: str, upload_id: str) -> str:
    """Return the folder of what has arrived of a resumable upload, until it is whole."""
    return f"uploads/{project_id}/{upload_id}"


def upload_piece_name(project_id: str, upload_id: str, piece: str) -> str:
    """Return the name of what one writer stored of a resumable upload."""
    return f"{upload_folder(project_id, upload_id)}/{piece}"


def video_folder(project_id: str, video_id: str) -> str:
    """Return the folder of everything made from a video's source, all revisions."""
    return f"renditions/{project_id}/{video_id}"


def revision_folder(project_id: str, video_id: str, revision: str) -> str:
    return f"{video_folder(project_id, video_id)}/{revision}"


def rendition_folder(project_id: str, video_id: str, revision: str, rendition: str) -> str:
    return f"{revision_folder(project_id, video_id, revision)}/{rendition}"


def init_name(folder: str) -> str:
    return f"{folder}/init.mp4"


def segment_name(folder: str, number: int) -> str:
    return f"{folder}/{number:05d}.m4s"


def image_folder(project_id: str, video_id: str, revision: str, kind: str, version: int) -> str:
    """Return the folder of one version of a video's poster, storyboard or preview; version 0 had none of its own."""
    folder = revision_folder(project_id, video_id, revision)
    return f"{folder}/{kind}-{version}" if version else folder


def tracks_folder(project_id: str, video_id: str) -> str:
    """Return the folder of the text tracks that were uploaded for a video; they outlive its revisions."""
    return f"tracks/{project_id}/{video_id}"


def track_name(project_id: str, video_id: str, revision: str, track_id: str) -> str:
    """Return a text track's name: one that came out of the source belongs to its revision, others have none ("")."""
    folder = revision_folder(project_id, video_id, revision) + "/text" if revision else ""
    return f"{folder or tracks_folder(project_id, video_id)}/{track_id}.vtt"
