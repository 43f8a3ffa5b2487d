"""The media of a house of many videos (million_rows.py), as files that have the right names and sizes, and no blocks on the disk."""

from __future__ import annotations

from pathlib import Path

from gilfoyle.lib.sealed_chunks import sealed_size
from gilfoyle.lib.store_places import home_of
from gilfoyle.stores.facts import Facts, facts_of_videos
from gilfoyle.stores.surveying import batches_of, video_ids

OF_NO_KNOWN_SIZE = 700


def store_all() -> int:
    """Make what the rows of all videos name, in a store that is a folder; returns how many objects."""
    count = 0
    for batch in batches_of(video_ids()):
        for _, facts in facts_of_videos(batch):
            for name, size_bytes in _sizes_of(facts).items():
                path = Path(home_of(name).path(name))
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    file.truncate(size_bytes)
                count += 1
    return count


def _sizes_of(facts: Facts) -> dict[str, int]:
    sizes = {name: OF_NO_KNOWN_SIZE if size is None else size for name, size in facts.wanted.items()}
    for one in facts.together:  # one picture has the bytes of all
        for name in one.names:
            sizes[name] = sealed_size(0) if one.is_sealed else 0
        if one.names:
            sizes[one.names[0]] = sealed_size(one.size_bytes) if one.is_sealed else one.size_bytes
    return sizes
