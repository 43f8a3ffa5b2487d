"""The table that the driver asks is the one that the settings name."""

from __future__ import annotations

from typing import Any

import pytest

from gilfoyle.lib.ipfs_names import get_names
from videos.ipfs.names import Names


def test_the_settings_say_who_keeps_the_names(settings: Any) -> None:
    assert isinstance(get_names(), Names)
    settings.IPFS_NAMES = "videos.ipfs.names.Nobody"
    with pytest.raises(ImportError):
        get_names()
