"""One running Gilfoyle for the journeys that leave it as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.embedded import Gilfoyle, running_gilfoyle

logging.getLogger("httpx").setLevel(logging.WARNING)  # a failure is easier to read without each poll


@pytest.fixture(scope="package")
def shared_gilfoyle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gilfoyle]:
    with running_gilfoyle(tmp_path_factory.mktemp("shared"), is_migrated=False) as running:
        yield running
