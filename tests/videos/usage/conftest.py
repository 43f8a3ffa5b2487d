from __future__ import annotations

from collections.abc import Iterator

import pytest

from videos.usage.tally import Tally, get_tally


@pytest.fixture
def tally() -> Iterator[Tally]:
    """The tally of this process, empty, and written when the test says so."""
    get_tally.cache_clear()
    yield get_tally()
    get_tally.cache_clear()
