import pytest

from videos.access.limits import Limits
from videos.access.use_panel import list_use, render_use, size_as_written, unit_of

USE = {
    "stored_bytes": 400 * 10**9,
    "uploading_bytes": 30 * 10**9,
    "deleting_bytes": 0,
    "uploads": 5,
    "processing": 7,
    "minutes_this_month": 41.5,
}
LIMITS = Limits(
    max_stored_bytes=500 * 10**9,
    max_minutes_a_month=3000,
    max_uploads_at_once=5,
    max_encodes_at_once=2,
    max_requests_a_minute=600,
)


def test_use_stands_beside_its_limit_in_the_same_unit_and_tells_by_colour() -> None:
    rows = {row.name: row for row in list_use(USE, LIMITS)}
    stored = rows["Stored"]
    assert (stored.used, stored.limit, stored.tone) == ("430.0 GB", "500 GB", "wait")
    assert stored.note.endswith("being uploaded")
    assert (rows["Processed this month"].tone, rows["Processed this month"].limit) == ("good", "3,000 min")
    assert rows["Unfinished uploads"].tone == "bad"
    assert rows["Requests"].limit == "600 a minute"


def test_that_all_places_are_taken_is_no_trouble() -> None:
    row = next(row for row in list_use(USE, LIMITS) if row.name == "Processed at once")
    assert (row.used, row.tone, row.note) == ("2", "good", "5 more wait their turn")


def test_without_limits_there_is_nothing_to_fill() -> None:
    html = render_use(USE, Limits())
    assert "<progress" not in html
    assert html.count("no limit") == 5
    assert "7</strong>" in html


def test_a_screen_reader_hears_how_full_it_is() -> None:
    html = render_use(USE, LIMITS)
    assert 'aria-label="Stored: 86 % used"' in html
    assert "430.0 GB</strong>" in html
    assert " of 500 GB" in html


@pytest.mark.parametrize(
    ("size", "words"),
    [(2 * 2**40, "2 TiB"), (500 * 10**9, "500 GB"), (10**9 + 1, "1000000001 bytes"), (0, "0 bytes")],
)
def test_sizes_are_told_exactly(size: int, words: str) -> None:
    assert size_as_written(size) == words
    assert unit_of(size)[0] == words.split()[1]
