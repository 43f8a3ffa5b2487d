"""What a failure means and what to do about it, in an operator's words, by its code. Pure.

The message of a failure tells a video's owner what happened; this tells whoever runs Gilfoyle what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# What a video's owner is told of whatever is no fault of the file.
OURS = "Something went wrong on our side while this video was processed."
# Whether trying again helps: at once, once something else was done first, or never.
Again = Literal["now", "after", "never"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What it means, what to do next, and whether trying again helps."""

    meaning: str
    remedy: str
    again: Again


def _file(
    meaning: str, remedy: str = "Ask for another file; trying this one again changes nothing."
) -> Diagnosis:
    return Diagnosis(meaning, remedy, "never")


def _limit(meaning: str, key: str) -> Diagnosis:
    remedy = f"Ask for a smaller file; or raise {key} in settings.yaml, restart, and try again."
    return Diagnosis(meaning, remedy, "after")


_STORE = (
    "Run `manage.py doctor`: it writes into each store and reads back. Mend what it names, then try again."
)
_CHANGED = "The stored source is not what was stored: a byte of it has changed."
_RESTORE = "Run `manage.py storage verify --checksums`; restore the file from a backup and try again{}, or upload the video again."
_FFMPEG = "Read the program's last output on the step's page, and run `manage.py doctor`."
UNKNOWN = Diagnosis(
    "This failure has no explanation here.",
    "Look at the step's page and at the log lines with its id; try again once the cause is gone.",
    "after",
)
DIAGNOSES: Mapping[str, Diagnosis] = {
    # The file is to blame.
    "source_empty": _file("The file that arrived has no bytes."),
    "source_not_media": _file("What arrived is no video: a text, an archive, a page."),
    "source_is_image": _file("What arrived is a picture."),
    "source_truncated": _file(
        "The file was cut off before it was sent, as by a recorder that lost power or a copy that stopped: "
        "all of what was sent arrived.",
        "Ask for the whole file; trying this one again changes nothing.",
    ),
    "source_unreadable": _file(
        "The file is damaged inside: too little of it decodes.",
        "If it plays elsewhere, convert it there and upload the result; trying again changes nothing.",
    ),
    "source_encrypted": _file("The file is protected (DRM), and has no picture without its key."),
    "no_playable_stream": _file("The file has neither a picture nor a sound that can be used."),
    "source_rejected": _file("The file was looked at, and can't be used."),
    "container_not_accepted": Diagnosis(
        "The kind of file is not among those that are accepted.",
        "Ask for another kind; or add it to upload.containers in settings.yaml, restart, and try again.",
        "after",
    ),
    "codec_not_accepted": _file(
        "The picture or the sound is coded in a way that is not decoded here.",
        "Convert it (H.264 with AAC in an MP4 always works) and upload the result.",
    ),
    "source_too_long": _limit("The video is longer than is allowed.", "upload.max_duration_s"),
    "source_too_large_picture": _limit("Its frames are larger than is allowed.", "encoding.max_pixels"),
    "source_too_demanding": _limit(
        "Decoding it takes more memory than a decoder may have.", "encoding.max_memory_bytes"
    ),
    # Programs and machines.
    "tool_failed": Diagnosis(
        "ffmpeg ended with an error, each time it was tried.",
        f"{_FFMPEG} One video alone: its file is odd. Many at once: the machine is (memory, disk, an ffmpeg that was replaced).",
        "after",
    ),
    "tool_timed_out": Diagnosis(
        "ffmpeg went on for far longer than such a piece of work takes, and was stopped.",
        "Is the machine overloaded, or does it swap? See encoding.slots; then try again. One video alone: its file is odd.",
        "after",
    ),
    "script_host_lost": Diagnosis(
        "The process that looks into files was ended from outside.",
        "Most often memory ran out: look for it in the system's log. Then try again.",
        "now",
    ),
    "tool_missing": Diagnosis(
        "There is no ffmpeg on a worker's machine, or one that lacks what is needed.",
        "Run `manage.py doctor` on that machine; mend encoding.ffmpeg, restart its workers, and try again.",
        "after",
    ),
    "scratch_unusable": Diagnosis(
        "A worker's work folder can't be written.",
        "Mend the folder work in server.data_dir on that machine (its owner, its disk), and try again.",
        "after",
    ),
    "no_space": Diagnosis(
        "A disk was full, or so a program said again and again.",
        "Make room on the disk of server.data_dir or of the media store, then try all of them again.",
        "after",
    ),
    "worker_lost": Diagnosis(
        "The worker vanished in the middle of this piece of work, again and again.",
        "Most often memory ran out: look for it in the system's log, and lower encoding.slots. Then try again.",
        "after",
    ),
    "encode_unverified": Diagnosis(
        "What was encoded is not what was planned, and none of it was published.",
        "Try again: it is encoded anew, whole. If it comes back, workers may have different builds of ffmpeg.",
        "now",
    ),
    "internal_error": Diagnosis(
        "Something broke that nobody foresaw.",
        "Look for `step_broke` with this step's id in the log, report it, and try again after an update.",
        "after",
    ),
    # The store, and keys.
    "object_missing": Diagnosis(
        "A file that should be in the store is not there.",
        "Run `manage.py storage verify`: it lists what else is missing. Restore it from a backup, or upload the video again.",
        "after",
    ),
    "store_away": Diagnosis(
        "The store could not be used, again and again for about two hours.", _STORE, "after"
    ),
    "database_away": Diagnosis(
        "The database failed in the middle of this piece of work, again and again for about two hours.",
        "Look for `step_waits` and the database's own log, then try again.",
        "after",
    ),
    "storage_fault": Diagnosis("The store could not be used.", _STORE, "after"),
    "parts_gone": Diagnosis("The store lost pieces of a file that was being written.", _STORE, "now"),
    "parts_refused": Diagnosis("The store did not take a file's pieces together.", _STORE, "now"),
    # Nothing that does not prove itself is decoded.
    "seal_broken": Diagnosis(_CHANGED, _RESTORE.format(""), "after"),
    "source_altered": Diagnosis(
        _CHANGED, _RESTORE.format(": all is encoded anew, since some may be of the changed file"), "after"
    ),
    "source_key_missing": Diagnosis(
        "The key that this source was encrypted with is not in the database.",
        "Was the database restored without its keys? docs/encryption.md names the tables.",
        "after",
    ),
    "key_unusable": Diagnosis(
        "A key in the database can't be opened with the secret key in force.",
        "Restore the secret key that it was made under (docs/encryption.md), restart, and try again.",
        "after",
    ),
    "content_key_lost": Diagnosis(
        "The key that segments were to be encrypted with is gone, or can't be opened.",
        "Is the secret key the one it was? docs/encryption.md says what hangs on it.",
        "after",
    ),
    # Imports.
    "source_not_there": Diagnosis(
        "The server has nothing at that address, or wants a sign-in.",
        "Open the address from this machine; signed addresses run out. Import it again by a fresh one.",
        "never",
    ),
    "source_not_allowed": _file(
        "The address is one that nothing may be fetched from.",
        "Use a public address, or allow the network in imports.private_networks; then import it again.",
    ),
    "server_unreachable": Diagnosis(
        "The server of the file could not be reached.",
        "Can this machine resolve and reach it? A proxy or firewall may be between. Then import it again.",
        "never",
    ),
    # By hand.
    "cancelled": Diagnosis(
        "Somebody cancelled it; the source is kept.", "Try again whenever it is wanted.", "now"
    ),
}


def diagnose(code: str) -> Diagnosis | None:
    """Return what a failure means; None where nothing failed."""
    return DIAGNOSES.get(code, UNKNOWN) if code else None


def told_to_staff(code: str, message: str) -> str:
    """Return a failure in one sentence for those who run Gilfoyle: its meaning, where its message says only whose fault it is."""
    diagnosis = diagnose(code)
    return diagnosis.meaning if diagnosis is not None and message == OURS else message
