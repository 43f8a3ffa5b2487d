"""What docs/observability.md says of metrics is what there is."""

import re

from gilfoyle.lib.metrics import declared
from gilfoyle.lib.storage_faults import STORAGE_ERRORS
from gilfoyle.observability.figures import GROUPS, READABLE
from gilfoyle.scheduler import LAST_TURN
from gilfoyle.scheduling.election import TAKEOVERS
from processing.jobs.metrics import STEPS
from streaming.metrics import REFUSALS
from tests.embedded import ROOT
from videos.metrics import UPLOADS

DECLARED = (
    STORAGE_ERRORS,
    LAST_TURN,
    TAKEOVERS,
    STEPS,
    REFUSALS,
    UPLOADS,
)  # one of each module that declares
ROW = re.compile(r"^\| `(gilfoyle_\w+)` \| (\w+) \| ([^|]*)\| ([^|]+) \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
Told = tuple[str, tuple[str, ...], str]


def known_labels(series: str) -> dict[str, tuple[str, ...]]:
    """Return the labels of a series with the values that they can have. Raises: KeyError."""
    labels = {one.full_name: dict(one.labels) for one in declared()}
    for one in declared():
        if one.kind == "histogram":
            labels |= {f"{one.name}_{part}": dict(one.labels) for part in ("bucket", "sum", "count")}
    figures = [READABLE, *(figure for group in GROUPS for figure in group.figures)]
    return (labels | {one.name: one.labels for one in figures})[series]


def known() -> dict[str, Told]:
    """Return every metric of the house: its type, labels and meaning."""
    assert set(DECLARED) <= set(declared())
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


def test_every_module_that_declares_is_looked_at() -> None:
    sources = {
        str(path.relative_to(ROOT))
        for package in ("gilfoyle", "processing", "streaming", "videos")
        for path in (ROOT / package).rglob("*.py")
        if re.search(
            r"from gilfoyle\.lib\.metrics import .*(counter|histogram|moment)", path.read_text("utf-8")
        )
    }
    assert sources == {
        "gilfoyle/lib/storage_faults.py",
        "gilfoyle/scheduler.py",
        "gilfoyle/scheduling/election.py",
        "processing/jobs/metrics.py",
        "streaming/metrics.py",
        "videos/metrics.py",
    }


def test_labels_have_values_that_do_not_grow() -> None:
    for metric in declared():
        series = 1
        for values in metric.labels.values():
            series *= len(values)
        assert series <= 1200, metric.name


def test_no_label_can_be_about_viewers() -> None:
    allowed = {
        "kind", "outcome", "what", "event", "reason", "code", "status", "part", "queue", "state", "group",
        "version",
    }  # fmt: skip
    assert {label for _kind, labels, _words in known().values() for label in labels} <= allowed
