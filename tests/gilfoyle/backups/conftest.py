"""What all tests of backups begin with."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def main_store_is_a_folder(media_dir: Path) -> None:
    """Let media lie in a folder first, whatever the other tests run on: each test here names its own stores."""
    del media_dir
