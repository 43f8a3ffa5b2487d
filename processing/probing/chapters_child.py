"""Reads the chapters of a stranger's file with PyAV and prints them as one JSON document: `chapters_child.py REQUEST`.

It runs alone in a process under limits, as `child.py` does, and imports nothing of the house.
"""

import json
import sys
from fractions import Fraction
from typing import Any

import av

MOST_READ = 2000
LONGEST_TITLE = 2000


def main(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Open the file and tell when its chapters begin, in milliseconds of its own clock, and what they are called."""
    options = {"format_whitelist": request["demuxer"], **request["options"]}
    try:
        with av.open(
            request["url"], format=request["demuxer"], options=options, metadata_errors="replace"
        ) as container:
            return [_told(one) for one in container.chapters()[:MOST_READ]]
    except (av.FFmpegError, ValueError, MemoryError):
        return []


def _told(chapter: Any) -> dict[str, Any]:
    start_s = Fraction(chapter["start"]) * Fraction(chapter["time_base"] or 0)
    title = str((chapter.get("metadata") or {}).get("title", ""))
    return {"start_ms": round(start_s * 1000), "title": title[:LONGEST_TITLE]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
