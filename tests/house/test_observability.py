"""What docs/observability.md says of metrics is what there is."""

import re

import videos.metrics  # noqa: F401 - to import them declares what they count
from gilfoyle.lib.metrics import declared
from gilfoyle.observability.figures import GROUPS, READABLE
from gilfoyle.scheduler import LAST_TURN
from tests.embedded import ROOT

ROW = re.compile(r"^\| `(gilfoyle_\w+)` \| (\w+) \| ([^|]*)\| ([^|]+) \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
Told = tuple[str, tuple[str, ...], str]


def known() -> dict[str, Told]:
    """Return every metric of the house: its type, labels and meaning."""
    assert LAST_TURN in set(declared())
    counted: dict[str, Told] = {
        one.full_name: (one.kind, tuple(one.labels), one.words)
        for one in declared()
        if one.name.startswith("gilfoyle_")
    }
    figures = [READABLE, *(figure for group in GROUPS for figure in group.figures)]
    return counted | {one.name: ("gauge", tuple(one.labels), one.words) for one in figures}


def test_every_metric_is_explained_as_it_is() -> None:
    told = {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)), words)
        for name, kind, labels, words in ROW.findall(PAGE)
    }
    assert told == known()


def test_labels_have_values_that_do_not_grow() -> None:
    for metric in declared():
        series = 1
        for values in metric.labels.values():
            series *= len(values)
        assert series <= 1200, metric.name


def test_no_label_can_be_about_viewers() -> None:
    allowed = {
        "kind", "outcome", "what", "event", "reason", "code", "status", "part", "queue", "state", "group",
    }  # fmt: skip
    assert {label for _kind, labels, _words in known().values() for label in labels} <= allowed
