"""What tests of pages need of playback."""

from tests.streaming.conftest import _no_kept_facts, mint

__all__ = ["_no_kept_facts", "mint"]
