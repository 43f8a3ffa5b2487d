"""The second copy of the checkpoints: a file that is only ever added to, one signed statement a line."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from videos.audit.chain import VERSION, Link
from videos.audit.signing import Mark, MarkKind

FILE, LOCK = "checkpoints.jsonl", "checkpoints.lock"
_KINDS: tuple[MarkKind, ...] = ("checkpoint", "base", "export")
LONGEST_LINE = 4096
TAIL_BYTES = 64 * 1024


class WitnessDamaged(ValueError):
    """A line of the file is none that Gilfoyle writes."""


def describe_mark(mark: Mark) -> dict[str, Any]:
    """Return a mark as JSON."""
    return {
        "v": VERSION,
        "kind": mark.kind,
        "seq": mark.link.seq,
        "hash": mark.link.hash,
        "at": mark.at,
        "key": mark.key_id,
        "signature": mark.signature,
    }


def parse_mark(told: Any) -> Mark:
    """Return the mark that JSON tells of. Raises: WitnessDamaged."""
    try:
        kind, seq, texts = (
            told["kind"],
            told["seq"],
            [told[name] for name in ("hash", "at", "key", "signature")],
        )
    except (KeyError, TypeError):
        raise WitnessDamaged from None
    is_right = isinstance(seq, int) and kind in _KINDS and all(isinstance(text, str) for text in texts)
    if not is_right:
        raise WitnessDamaged
    digest, at, key_id, signature = texts
    return Mark(kind, Link(seq, digest), at, key_id, signature)


def add_marks(folder: Path, marks: Iterable[Mark]) -> None:
    """Add marks to the file, durably. Raises: OSError."""
    lines = "".join(json.dumps(describe_mark(mark), separators=(",", ":")) + "\n" for mark in marks)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if _is_torn(folder / FILE):  # a line that was cut off by a crash must not swallow the next one
            lines = "\n" + lines
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes of this machine from adding to the file, once it is seen what it lacks. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def size_bytes(folder: Path) -> int:
    """Return how long the file is; 0 where there is none, or it can't be read."""
    try:
        return (folder / FILE).stat().st_size
    except OSError:
        return 0


def read_marks(folder: Path, *, up_to_bytes: int | None = None) -> Iterator[Mark]:
    """Yield the marks of the file, line by line, of its first bytes alone if so many are given.

    Raises: OSError; WitnessDamaged, with the line's number.
    """
    with (folder / FILE).open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
            if up_to_bytes is not None and file.tell() > up_to_bytes:
                return
            if not line.strip():
                continue
            try:
                mark = parse_mark(json.loads(line))
            except (ValueError, RecursionError):
                if not line.endswith(b"\n") and not file.read(1):
                    return  # the last line, cut off by a crash: the scheduler writes it again
                message = f"Line {number} of {folder / FILE} is none that Gilfoyle writes."
                raise WitnessDamaged(message) from None
            yield mark


def last_seq(folder: Path) -> int:
    """Return the number of the file's last mark; 0 where there is none."""
    try:
        with (folder / FILE).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return 0
    for line in reversed(lines):
        try:
            return parse_mark(json.loads(line)).link.seq
        except (ValueError, RecursionError):
            continue
    return 0


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
