"""What was revoked, as the gate asks for it: is this token one of those? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streaming.tokens.claims import Claims

SESSION, GROUP, VIDEO, KEY, PROJECT = KINDS = ("session", "group", "video", "key", "project")


@dataclass(frozen=True, slots=True)
class Denial:
    """One revocation. `is_over`: it was lifted, or can concern no token any more."""

    project_id: str
    kind: str
    subject: str
    issued_before_s: int | None
    is_over: bool = False


class Denials:
    """All revocations that may concern a token, to be asked in constant time."""

    def __init__(self, denials: Iterable[Denial] = ()) -> None:
        self._bounds: dict[str, dict[tuple[str, str], int | None]] = {}  # by project
        self.add(denials)

    def add(self, denials: Iterable[Denial]) -> None:
        """Take in what is new or has changed."""
        for one in denials:
            bounds = self._bounds.setdefault(one.project_id, {})
            if one.is_over:
                bounds.pop((one.kind, one.subject), None)
            else:
                bounds[one.kind, one.subject] = one.issued_before_s

    def find(self, claims: Claims, *, project_id: str, video_id: str, key_id: str) -> str | None:
        """Return the kind of a revocation that concerns this token, or None."""
        bounds = self._bounds.get(project_id)
        if not bounds:
            return None
        began_s, entry = claims.first_issued_at_s, claims.entry
        names = [(SESSION, claims.session.hex(), began_s), (VIDEO, video_id, began_s)]
        if claims.tag is not None:
            names.append((GROUP, claims.tag.hex(), began_s))
        names.append((KEY, key_id, claims.issued_at_s))
        if entry is not None:  # a session that was begun with a token of another key ends with that one, too
            names.append((KEY, entry.key_id, entry.issued_at_s))
        names.append((PROJECT, project_id, began_s))
        found = (kind for kind, subject, at_s in names if _is_denied(bounds, (kind, subject), at_s))
        return next(found, None)

    def of_project(self, project_id: str) -> list[tuple[tuple[str, str], int | None]]:
        """Return what a project has revoked, always in the same order."""
        # A copy first: others may take in what is new meanwhile.
        return sorted(dict(self._bounds.get(project_id, {})).items(), key=lambda item: item[0])

    def __len__(self) -> int:
        return sum(map(len, self._bounds.values()))


def _is_denied(bounds: Mapping[tuple[str, str], int | None], name: tuple[str, str], issued_at_s: int) -> bool:
    if name not in bounds:
        return False
    bound_s = bounds[name]
    return bound_s is None or issued_at_s < bound_s
