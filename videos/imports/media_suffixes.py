"""How the names of files end that are taken for video or sound. Pure."""

from __future__ import annotations

# By their names: what is in them is looked at when they are processed. A file that is named itself is taken whatever it is.
MEDIA_SUFFIXES = frozenset(
    [
        ".3g2",
        ".3gp",
        ".aac",
        ".aif",
        ".aiff",
        ".amr",
        ".asf",
        ".avi",
        ".dv",
        ".f4v",
        ".flac",
        ".flv",
        ".m2t",
        ".m2ts",
        ".m2v",
        ".m4a",
        ".m4v",
        ".mka",
        ".mkv",
        ".mov",
        ".mp3",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".oga",
        ".ogg",
        ".ogv",
        ".opus",
        ".qt",
        ".ts",
        ".vob",
        ".wav",
        ".webm",
        ".wmv",
    ]
)
