from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from gilfoyle.observability import counting, page
from gilfoyle.observability.page import may_scrape, write_metrics
from tests.gilfoyle.observability.told import with_metrics
from videos.metrics import BEGUN, UPLOADS

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def counted(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    page.get_figures.cache_clear()
    counting.begin_counting()
    yield
    counting.end_counting()
    page.get_figures.cache_clear()


@pytest.mark.django_db
def test_it_holds_what_was_counted_and_what_rows_tell(counted: None) -> None:
    UPLOADS.add(BEGUN)
    families = {one.name: one for one in text_string_to_metric_families(write_metrics().decode())}
    begun = [one.value for one in families["gilfoyle_uploads"].samples if one.labels["event"] == BEGUN]
    assert begun == [1]
    assert families["gilfoyle_uploads"].documentation == UPLOADS.words
    assert families["gilfoyle_jobs_active"].samples[0].value == 0
    assert {one.value for one in families["gilfoyle_figures_readable"].samples} == {1}


@pytest.mark.parametrize("header", ["", f"Bearer {TOKEN}"])
def test_the_public_port_has_no_such_page(header: str) -> None:
    answer = Client().get("/metrics", headers={"Authorization": header})
    missing = Client().get("/no-such-page", headers={"Authorization": header})
    assert (answer.status_code, answer.content) == (404, missing.content)


@pytest.mark.django_db
def test_the_public_port_has_it_where_that_is_allowed_for_the_token_alone(
    settings: Any, counted: None
) -> None:
    settings.GILFOYLE = with_metrics(settings.GILFOYLE, on_public_port=True, token=SecretStr(TOKEN))
    wrong = (
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN} x",
        "Bearer ü",
    )
    for header in wrong:
        answer = Client().get("/metrics", headers={"Authorization": header})
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer"), header
        assert b"gilfoyle_" not in answer.content
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert b"gilfoyle_jobs_active 0.0" in answer.content


def test_switched_off_is_off(settings: Any) -> None:
    settings.GILFOYLE = with_metrics(
        settings.GILFOYLE, enabled=False, on_public_port=True, token=SecretStr(TOKEN)
    )
    assert Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


def test_without_a_token_nothing_is_asked(settings: Any) -> None:
    assert may_scrape(settings.GILFOYLE, "")
    guarded = with_metrics(settings.GILFOYLE, token=SecretStr(TOKEN))
    assert not may_scrape(guarded, "")
    assert may_scrape(guarded, f"bearer  {TOKEN}")
