"""How a file is cut into parts for a bucket, and whether those that came are those that were planned. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from videos.uploads.errors import PartInvalid, PartsMissing, PartsTooLarge

# What S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MIN_PART_BYTES = 5 * 1024**2  # but the last part may be smaller
MAX_PART_BYTES = 5 * 1024**3
MAX_PARTS = 10_000
DEFAULT_PART_BYTES = 16 * 1024**2
MIB = 1024**2
TOLD = 10
_MEDIA_TYPE = re.compile(r"(?:video|audio)/[a-z0-9][a-z0-9.+-]{0,63}", re.ASCII)
ANY_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A file in parts of one size; the last one has what is left."""

    size_bytes: int
    part_size_bytes: int

    @property
    def count(self) -> int:
        return -(-self.size_bytes // self.part_size_bytes)

    def size_of(self, number: int) -> int:
        """Return how many bytes a part has; parts are counted from 1.

        Raises: PartInvalid.
        """
        if not 1 <= number <= self.count:
            message = f"This file has the parts 1 to {self.count}."
            raise PartInvalid(message, hint="Cut the file into parts of `part_size_bytes`.")
        return min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes)

    def require_none_larger(self, sizes: Mapping[int, int]) -> None:
        """Refuse what nobody was allowed to send. `sizes`: bytes of each part that is there.

        Raises: PartsTooLarge.
        """
        for number, size_bytes in sizes.items():
            if number > self.count or size_bytes > self.size_of(number):
                message = f"Part {number} has more bytes than were announced; the upload was given up."
                raise PartsTooLarge(message, hint="Start a new upload with the size that the file has.")

    def require_all(self, sizes: Mapping[int, int]) -> None:
        """Refuse parts that are not the whole file.

        Raises: PartsTooLarge, PartsMissing.
        """
        self.require_none_larger(sizes)
        wrong = [number for number in range(1, self.count + 1) if sizes.get(number) != self.size_of(number)]
        if wrong:
            named = ", ".join(map(str, wrong[:TOLD])) + (" …" if len(wrong) > TOLD else "")
            message = f"{len(wrong)} of {self.count} parts are not there, or not whole: {named}."
            raise PartsMissing(message, hint="Send them, then complete the upload again.")


def plan_parts(size_bytes: int, wished_bytes: int | None) -> PartPlan:
    """Cut a file into parts of the size that its client wishes, or of one that fits.

    Raises: PartInvalid.
    """
    least_bytes = -(-size_bytes // MAX_PARTS)
    part_bytes = wished_bytes or max(DEFAULT_PART_BYTES, -(-least_bytes // MIB) * MIB)
    is_one = part_bytes >= size_bytes
    if not is_one and part_bytes < max(MIN_PART_BYTES, least_bytes):
        message = f"Parts of this file must have at least {max(MIN_PART_BYTES, least_bytes)} bytes."
        raise PartInvalid(message, hint=f"There may be at most {MAX_PARTS} of them.")
    if min(part_bytes, size_bytes) > MAX_PART_BYTES:
        message = f"A part may have at most {MAX_PART_BYTES} bytes."
        raise PartInvalid(message, hint="Cut the file into more parts.")
    return PartPlan(size_bytes, part_bytes)


def choose_content_type(told: str) -> str:
    """Return the type that the object gets: what a client says of picture or sound, and nothing that pages are made of."""
    kind = told.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else ANY_TYPE
