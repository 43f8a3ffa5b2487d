from __future__ import annotations

from processing.cleaning.found import KINDS
from videos.catalog.cleaning_words import KIND_WORDS, cleaning_in_words


def test_every_kind_has_words() -> None:
    assert tuple(KIND_WORDS) == KINDS


def test_a_report_is_read_as_a_sentence() -> None:
    assert cleaning_in_words({}) == ""
    cleaned = {"outcome": "cleaned", "removed": {"names": 1, "location": 2}}  # in no order
    assert cleaning_in_words(cleaned) == "Removed from the source: location (2), titles and names (1)."
    assert cleaning_in_words({"outcome": "cleaned", "removed": {}}) == "The source told nothing."
    kept = {"outcome": "kept", "reason": "The source is stored as it was uploaded: a reason."}
    assert cleaning_in_words(kept) == kept["reason"]
    assert cleaning_in_words({**kept, "left": {"dates": 3}}) == f"{kept['reason']} It tells: dates (3)."
