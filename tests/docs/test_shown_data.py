"""What pages show that is no command: settings are loaded, rules of buckets are what the service takes, pictures of code are so."""

from __future__ import annotations

import hashlib
import json
import re
import time
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.validate import ParamValidator
from django.db import migrations

from gilfoyle.lib.config import Config, load_config
from gilfoyle.lib.media_store import media_stores
from gilfoyle.lib.observability_settings import split_listen
from tests.chaos.__main__ import read_arguments
from tests.embedded import ROOT
from tests.house.pages import block, blocks
from tests.house.test_migrations import judged
from tests.streaming.clip import store_video
from tests.streaming.conftest import folder_of
from tests.streaming.delivery.test_raw import CDN, call, config_with
from tests.videos.audit.test_chain import CONTENT
from videos.audit.chain import START, describe, link

KEYS = {"GILFOYLE_S3_ACCESS_KEY_ID": "id", "GILFOYLE_S3_SECRET_ACCESS_KEY": "key"}


def loaded(shown: str, tmp_path: Path) -> Config:
    """Load what a page shows as a file of settings, as a start does."""
    path = tmp_path / "settings.yaml"
    path.write_text(shown, encoding="utf-8")
    return load_config(path, KEYS)


def test_media_lie_on_ipfs(tmp_path: Path) -> None:
    storage = loaded(block("docs/ipfs.md#media-on-ipfs/yaml").text, tmp_path).storage
    assert (storage.backend, storage.ipfs.rpc_url) == ("ipfs", "http://127.0.0.1:5001")
    assert storage.ipfs.cluster_url


def test_sources_lie_elsewhere_than_what_is_played(tmp_path: Path) -> None:
    config = loaded(block("docs/storage.md#two-stores/yaml").text, tmp_path)
    assert (config.storage.sources, config.storage.renditions) == ("archive", "main")
    stores = media_stores(config)
    assert any("films-archive" in str(store) for store in stores.values())


def test_the_ladder_is_the_one_that_is_there(tmp_path: Path) -> None:
    shown = block("docs/settings.md#encodingladder/yaml").text
    indented = "".join(f"    {line}\n" for line in shown.splitlines())
    assert loaded(f"encoding:\n  ladder:\n{indented}", tmp_path).encoding.ladder == Config().encoding.ladder


@pytest.mark.parametrize(
    "address",
    ["docs/delivery.md#bucket-redirect/json", "docs/direct-uploads.md#what-the-operator-does/json"],
)
def test_a_bucket_takes_the_rules(address: str) -> None:
    """By the description of S3 that its client has: a misspelt word is not known."""
    shown = json.loads(block(address).text)
    rules = shown if isinstance(shown, dict) else {"CORSRules": shown}
    assert complaints(rules) == ""
    assert "Unknown parameter" in complaints({"CORSRules": [{**rules["CORSRules"][0], "AllowedOrigin": []}]})


def complaints(rules: dict[str, Any]) -> str:
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="id", aws_secret_access_key="key")
    shape = client.meta.service_model.operation_model("PutBucketCors").input_shape
    report = ParamValidator().validate({"Bucket": "films", "CORSConfiguration": rules}, shape)
    return str(report.generate_report())


@pytest.mark.django_db
def test_a_cdn_gets_addresses_of_that_form(mint: Any) -> None:
    shown = block("docs/delivery.md#a-cdn/indented").text.strip()
    video = store_video()
    sent_to = call(folder_of(video, mint(video)) + "v240/00000.m4s", config=config_with(**CDN)).headers[
        "Location"
    ]
    known = {
        "cdn_url": "https://cdn.example.com", "project": video.project_id, "video": video.pk, "revision": video.revision,
        "rendition": "v240", "file": "00000.m4s",
    }  # fmt: skip
    pattern = re.sub(
        r"\\{(\w+)\\}",
        lambda part: re.escape(known.get(part[1], "")) or f"(?P<{part[1]}>[^/]+)",
        re.escape(shown),
    )
    found = re.fullmatch(pattern, sent_to)
    assert found, (pattern, sent_to)
    assert int(found["until"]) > time.time()


def test_prometheus_asks_where_figures_are_told() -> None:
    scrape = yaml.safe_load(block("docs/observability.md#metrics/yaml").text)["scrape_configs"]
    listen = split_listen(Config().observability.metrics.listen)
    assert [one["static_configs"][0]["targets"] for one in scrape] == [[f"{listen[0]}:{listen[1]}"]]
    alerts = (ROOT / "docker/prometheus/alerts.yaml").read_text(encoding="utf-8")
    assert f'job="{scrape[0]["job_name"]}"' in alerts


def test_promtool_is_given_what_is_there() -> None:
    rules, figures = blocks()["docs/observability.md#dashboard-and-alerts/sh"].text.splitlines()
    assert (ROOT / rules.split()[-1]).is_file()
    assert figures.split()[2] == f"http://{Config().observability.metrics.listen}/metrics"


def test_workers_are_scaled_by_a_figure_of_that_name() -> None:
    (rule,) = yaml.safe_load(block("docs/deployment.md#workers-by-the-age-of-the-queue/yaml").text)["rules"][
        "external"
    ]
    overlay = (ROOT / "deploy/kubernetes/overlays/s3-external-metrics").rglob("*.yaml")
    manifests = "\n".join(path.read_text(encoding="utf-8") for path in overlay)
    assert f"name: {rule['seriesQuery']}" in manifests
    keda = "\n".join(
        path.read_text("utf-8") for path in (ROOT / "deploy/kubernetes/overlays/s3-keda").rglob("*.yaml")
    )
    assert rule["metricsQuery"] in keda
    assert set(rule["resources"]["overrides"]) == {"namespace"}


def test_a_migration_may_say_why_old_code_lives() -> None:
    shown = block("docs/migrations.md#in-two-releases/python").text
    made: dict[str, Any] = {"migrations": migrations}
    exec(shown, made)  # noqa: S102 - our own page
    field = migrations.RemoveField("film", "count")
    assert judged(field)
    assert not judged(field, old_code_lives_because=made["Migration"].old_code_lives_because)
    (operation,) = made["Migration"].operations
    assert isinstance(operation, migrations.SeparateDatabaseAndState)


@pytest.mark.parametrize(
    "address", ["README.md#the-house/text", "docs/contributing.md#the-map-of-the-house/text"]
)
def test_the_picture_of_the_house_is_that_of_its_walls(address: str) -> None:
    shown = re.findall(r"(?:^|\| +)(gilfoyle\.lib|\w+)  ", block(address).text, re.MULTILINE)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(one["layers"] for one in contracts if one["name"] == "1 Calls go down")
    assert shown == ["gilfoyle", "processing", "streaming", "videos", "gilfoyle.lib"]
    assert [set(layer.split(" | ")) for layer in layers[-3:]] == [
        {"processing", "streaming"},
        {"videos"},
        {"gilfoyle.lib"},
    ]


def test_the_hash_of_an_entry_of_the_audit_is_what_the_formula_gives() -> None:
    formula = re.split(r" {4,}", blocks()["docs/audit.md#how-it-is-kept/indented"].text.strip())[0]
    assert formula == "hash = SHA-256(previous hash || JCS(entry without its hash))"
    first = link(CONTENT, START)
    entry = {**describe(CONTENT), "seq": first.seq, "prev": "0" * 64}
    canonical = json.dumps(
        entry, sort_keys=True, separators=(",", ":")
    )  # of letters and whole numbers, it is RFC 8785
    assert hashlib.sha256(bytes(32) + canonical.encode()).hexdigest() == first.hash


def test_chaos_takes_what_the_page_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (given,) = re.findall(r'CHAOS_ARGS="([^"]+)"', blocks()["docs/faults.md#how-it-is-tried/indented"].text)
    monkeypatch.setattr("sys.argv", ["chaos", *given.split()])
    told = read_arguments()
    assert (told.kills, told.uploads, told.seed) == (200, 100, 7)


def test_make_does_in_ci_what_contributors_are_told() -> None:
    typed = re.findall(
        r"^\$ (make .*?)(?:  +#.*)?$", blocks()["docs/contributing.md#begin/console"].text, re.MULTILINE
    )
    done = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert [re.sub(r'PYTEST_ARGS="[^"]*"', "PYTEST_ARGS=", line) for line in typed if line not in done] == [
        "make test PYTEST_ARGS="
    ]
    assert "make test PYTEST_ARGS=" in done
