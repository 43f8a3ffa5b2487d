"""Which sounds go together in a manifest (RFC 8216, 4.4.6.2), and what listeners are told of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videos.segment_index import PlayableRendition

FIRST_GROUP = "audio"
MOST_STEREO_CHANNELS = 2
# What a quoted string of RFC 8216 can't hold, having no escapes: quotes, line ends and other controls.
UNQUOTABLE = re.compile(r'[\x00-\x1f"\x7f-\x9f\u2028\u2029]')
ROLE_WORDS = {"commentary": "commentary", "description": "audio description"}


@dataclass(frozen=True, slots=True)
class AudioGroup:
    """Sounds of one codec and one kind of room, of which a player plays one; the first unless told."""

    name: str
    members: tuple[PlayableRendition, ...]

    @property
    def codecs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.codec for one in self.members))


def group_audio(audio: Sequence[PlayableRendition]) -> tuple[AudioGroup, ...]:
    """Return the groups, that of the first sound first.

    A group of 5.1 has the stereo of the tracks that have no 5.1: every language can be chosen in each group.
    """
    kinds = dict.fromkeys((_family(one), _is_surround(one)) for one in audio)
    return tuple(
        AudioGroup(
            _name(family, is_surround=is_surround, is_first=at == 0), _members(audio, family, is_surround)
        )
        for at, (family, is_surround) in enumerate(kinds)
    )


def _members(
    audio: Sequence[PlayableRendition],
    family: str,
    is_surround: bool,  # noqa: FBT001  # by position, once
) -> tuple[PlayableRendition, ...]:
    chosen: dict[int, PlayableRendition] = {}
    for one in audio:
        fits = _family(one) == family and _is_surround(one) <= is_surround
        if fits and (one.audio_track not in chosen or _is_surround(one)):
            chosen[one.audio_track] = one
    return tuple(chosen.values())


def _name(family: str, *, is_surround: bool, is_first: bool) -> str:
    return FIRST_GROUP if is_first else f"{FIRST_GROUP}-{family}{'-surround' if is_surround else ''}"


def _family(rendition: PlayableRendition) -> str:
    return rendition.codec.partition(".")[0]


def _is_surround(rendition: PlayableRendition) -> bool:
    return (rendition.channels or 0) > MOST_STEREO_CHANNELS


def name_tracks(audio: Sequence[PlayableRendition]) -> Mapping[int, str]:
    """Return what each of the source's sounds is called: by its language, else by its number; no two alike."""
    names: dict[int, str] = {}
    for one in audio:
        if one.audio_track in names:
            continue
        words = ROLE_WORDS.get(one.role, "")
        known = UNQUOTABLE.sub("", one.language_name) or f"Audio {one.audio_track + 1}"
        name = plain = f"{known} ({words})" if words else known
        number = 1
        while name in names.values():
            number += 1
            name = f"{plain} {number}"
        names[one.audio_track] = name
    return names
