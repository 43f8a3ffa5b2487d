from collections.abc import Iterator
from typing import Any

import pytest

from tests.videos.webhooks.receiving import Receiver, allow_loopback


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver that may be reached."""
    with Receiver().running() as running:
        allow_loopback(settings, running.port)
        yield running
