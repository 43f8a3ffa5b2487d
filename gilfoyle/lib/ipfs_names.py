"""What the IPFS driver needs of the table of names: IPFS calls objects by their bytes, and nothing else knows our names.

`gilfoyle.lib` has no tables; an app keeps this one, and the setting IPFS_NAMES says which class does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class NamedObject:
    """What is known of an object: its address, its size before it was sealed, and its key, wrapped for its name."""

    name: str
    cid: str
    size_bytes: int
    wrapped: bytes


class IpfsNames(Protocol):
    """The table, and beside it a journal of the pins that no name stands for: to be named, or to be removed.

    An object is there from the moment on in which its row is, and gone with it. Each method is one transaction.
    """

    def find(self, name: str) -> NamedObject | None:
        """Return what has the name."""

    def note_pin(self, cid: str) -> None:
        """Write into the journal that something is about to be pinned."""

    def give_name(self, named: NamedObject, *, is_final: bool) -> tuple[bool, Sequence[str]]:
        """Let a noted pin have a name, and tell whether it has it now (not, where it is final and the name is taken).

        With it come the CIDs that nothing names any more; the journal has them.
        Raises: StorageFault where the pin is not noted any more.
        """

    def copy(self, named: NamedObject, of: str) -> bool:
        """Give what `of` names a second name, unless that is taken. Tells whether `of` still names the same object."""

    def remove(self, names: Sequence[str]) -> Sequence[str]:
        """Take some names away; returns the CIDs that nothing names any more. The journal has them."""

    def remove_below(self, prefix: str) -> Sequence[str]:
        """Take away some of the names below a prefix, none where none are left; returns CIDs as `remove` does."""

    def has_below(self, prefix: str) -> bool:
        """Tell whether there are names below a prefix."""

    def list_below(self, prefix: str) -> Iterator[tuple[str, int, datetime]]:
        """Yield name, size and time of all objects below a prefix, or ("") of all, in constant memory."""

    def claim_unnamed(self, *, noted_before: datetime) -> Sequence[str]:
        """Return some CIDs of the journal: those to be removed, and those that were noted before and got no name.

        None of them can get one from now on.
        """

    def forget_pin(self, cid: str) -> None:
        """Take a pin that was removed out of the journal."""


def get_names() -> IpfsNames:
    """Return the table of this installation."""
    names: IpfsNames = import_string(settings.IPFS_NAMES)()
    return names
