"""Alerts, dashboard and runbook are about metrics that there are, in queries that Prometheus understands."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import jsonschema
import promql_parser
import pytest
import yaml

from tests.embedded import ROOT
from tests.house.test_observability import PAGE, known_labels

ALERTS = yaml.safe_load((ROOT / "docker" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((ROOT / "docker" / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
DURATION = {"type": "string", "pattern": "^([0-9]+(ms|[smhdwy]))+$"}
RULE = {
    "type": "object",
    "required": ["alert", "expr", "labels", "annotations"],
    "additionalProperties": False,
    "properties": {
        "alert": {"type": "string", "pattern": "^Gilfoyle[A-Z][A-Za-z]+$"},
        "expr": {"type": "string"},
        "for": DURATION,
        "labels": {
            "type": "object",
            "required": ["severity"],
            "additionalProperties": False,
            "properties": {"severity": {"enum": ["page", "ticket"]}},
        },
        "annotations": {
            "type": "object",
            "required": ["summary", "runbook"],
            "additionalProperties": False,
            "properties": {"summary": {"type": "string", "minLength": 10}, "runbook": {"type": "string"}},
        },
    },
}
RULE_FILE = {
    "type": "object",
    "required": ["groups"],
    "additionalProperties": False,
    "properties": {
        "groups": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "rules"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "interval": DURATION,
                    "rules": {"type": "array", "minItems": 1, "items": RULE},
                },
            },
        }
    },
}
SOURCE = {
    "type": "object",
    "required": ["type", "uid"],
    "properties": {"type": {"const": "prometheus"}, "uid": {"const": "${datasource}"}},
}
TARGET = {
    "type": "object",
    "required": ["refId", "expr", "datasource", "legendFormat"],
    "additionalProperties": False,
    "properties": {
        "refId": {"type": "string", "pattern": "^[A-Z]$"},
        "expr": {"type": "string"},
        "legendFormat": {"type": "string"},
        "datasource": SOURCE,
    },
}
PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "description", "gridPos", "datasource", "targets", "fieldConfig"],
    "properties": {
        "type": {"enum": ["timeseries", "stat"]},
        "description": {"type": "string", "minLength": 10},
        "datasource": SOURCE,
        "targets": {"type": "array", "minItems": 1, "items": TARGET},
    },
}


def parts_of(query: str) -> Iterator[Any]:
    """Yield every part of a query; fails where Prometheus would not understand it."""
    left = [promql_parser.parse(query.replace("$__rate_interval", "5m"))]
    while left:
        part = left.pop()
        yield part
        children = (getattr(part, name, None) for name in ("expr", "lhs", "rhs", "param", "vector_selector"))
        left += [child for child in children if child is not None]
        if isinstance(part, promql_parser.Call):
            left += part.args


def selectors_of(query: str) -> list[Any]:
    return [part for part in parts_of(query) if isinstance(part, promql_parser.VectorSelector)]


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in RULES), *QUERIES])
def test_a_query_asks_for_what_there_is(query: str) -> None:
    selectors = selectors_of(query)
    assert selectors
    for selector in selectors:
        if selector.name == "up":
            continue
        labels = known_labels(selector.name)
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels, (selector.name, matcher.name)
            wanted = matcher.value.split("|") if "Re" in str(matcher.op) else [matcher.value]
            assert set(wanted) <= set(labels[matcher.name]), (selector.name, matcher.value)


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in RULES), *QUERIES])
def test_what_is_grouped_by_is_a_label(query: str) -> None:
    selectors = [one for one in selectors_of(query) if one.name != "up"]
    labels = {label for one in selectors for label in known_labels(one.name)} | {"le", "instance"}
    for part in parts_of(query):
        if isinstance(part, promql_parser.AggregateExpr) and part.modifier is not None:
            assert set(part.modifier.labels) <= labels, query


def test_a_query_that_is_none_is_noticed() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        list(parts_of("sum by (le) (rate(x[5m])"))
    with pytest.raises(KeyError):
        test_a_query_asks_for_what_there_is("gilfoyle_no_such_metric > 0")
    with pytest.raises(AssertionError):
        test_a_query_asks_for_what_there_is('gilfoyle_steps_total{outcome="fautled"} > 0')


def test_alerts_are_a_file_of_rules() -> None:
    jsonschema.validate(ALERTS, RULE_FILE)
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    told = re.findall(r"^### (Gilfoyle\w+)$", PAGE, re.MULTILINE)
    assert told == [rule["alert"] for rule in RULES]
    sections = re.split(r"^###? .*$", PAGE, flags=re.MULTILINE)
    assert all(len(section.strip()) > 80 for section in sections[-len(told) :])
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/observability.md#{rule['alert'].lower()}"


def test_summaries_name_labels_that_the_alert_has() -> None:
    for rule in RULES:
        named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"]))))
        assert named <= kept | ({"instance"} if rule["expr"].startswith("up") else set()), rule["alert"]


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["schemaVersion"] >= 36
    assert (DASHBOARD["uid"], DASHBOARD["title"]) == ("gilfoyle", "Gilfoyle")
    assert [one["name"] for one in DASHBOARD["templating"]["list"] if one["type"] == "datasource"] == [
        "datasource"
    ]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        jsonschema.validate(panel, PANEL)


def test_panels_lie_side_by_side() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        own = set(
            product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"]))
        )
        assert not own & taken, panel["title"]
        taken |= own


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {re.sub(r"_bucket$", "", one.name) for query in QUERIES for one in selectors_of(query)}
    assert set(re.findall(r"^\| `(gilfoyle_\w+)`", PAGE, re.MULTILINE)) - shown == set()
