"""Settings of metrics for a test."""

from __future__ import annotations

from typing import Any

from gilfoyle.lib.config import Config


def with_metrics(config: Config, **changes: Any) -> Config:
    """Return the settings with these of metrics changed."""
    metrics = config.observability.metrics.model_copy(update=changes)
    observability = config.observability.model_copy(update={"metrics": metrics})
    return config.model_copy(update={"observability": observability})
