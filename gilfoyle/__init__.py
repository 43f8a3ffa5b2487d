"""Gilfoyle. The version stands here and nowhere else: docs/release.md says what is written anew when it changes."""

__version__ = "0.1.0"
