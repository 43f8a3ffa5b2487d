"""One running Gilfoyle for the journeys that leave it as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.embedded import Gilfoyle, running_gilfoyle
from tests.lengths import IS_LONG

logging.getLogger("httpx").setLevel(logging.WARNING)  # a failure is easier to read without each poll
# Minutes in which everything is restarted again and again, with no short form: its parts are in tests/gilfoyle/stores.
collect_ignore = [] if IS_LONG else ["test_moving_store.py"]


@pytest.fixture(scope="package")
def shared_gilfoyle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gilfoyle]:
    with running_gilfoyle(tmp_path_factory.mktemp("shared"), is_migrated=False) as running:
        yield running
