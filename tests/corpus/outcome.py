"""What the engine makes of the accepted sources, made once a run and kept for all tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from streaming.manifests.presentation import Presentation
from tests.corpus.catalogue import SOURCES
from tests.corpus.source import Played
from tests.corpus.stage import lay_out
from tests.processing.whole_encode import ENCODING, Whole, encode_whole

ACCEPTED = {source.name: source for source in SOURCES if isinstance(source.becomes, Played)}
REFUSED = {source.name: source for source in SOURCES if isinstance(source.becomes, str)}
# Two borders between chunks in most sources; a long film in chunks so short would be thousands of processes.
SHORT = ENCODING.model_copy(update={"chunk_s": 2.0})
LONG = ENCODING.model_copy(update={"segment_s": 10.0, "chunk_s": 600.0})
LONG_S, SHORT_S = 60, 6


@dataclass(frozen=True)
class Shown:
    """A source, encoded and laid out as it is served."""

    whole: Whole
    presentation: Presentation
    folder: Path
    source: Path  # kept only where the pictures are compared with it


@cache
def stage() -> Path:
    """Return the folder that holds what is served, each source in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="gilfoyle-corpus-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def shown(name: str) -> Shown:
    """Take an accepted source through the engine."""
    folder = stage() / str(list(ACCEPTED).index(name))
    with tempfile.TemporaryDirectory() as made:
        made_folder = Path(made)
        length_s = wanted(name).duration_s
        encoding = SHORT if length_s <= SHORT_S else ENCODING if length_s <= LONG_S else LONG
        source = ACCEPTED[name].make(made_folder)
        whole = encode_whole(source, made_folder / "work", encoding)
        presentation = lay_out(whole, folder)
        if wanted(name).is_natural:
            source = Path(shutil.copy(source, folder))
        return Shown(whole, presentation, folder, source)


def is_long(name: str) -> bool:
    """Tell whether it takes minutes to look at each of its pictures."""
    return wanted(name).duration_s > LONG_S


def wanted(name: str) -> Played:
    becomes = ACCEPTED[name].becomes
    assert isinstance(becomes, Played)
    return becomes
