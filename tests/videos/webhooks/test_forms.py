from typing import Any

import pytest

from tests.factories import make_project
from videos.webhooks.forms import EndpointForm

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"url": "http://example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"description": "a" * 201}, "description"),
        ({"description": "a\u2028b"}, "description"),
        ({"event_types": ["video.reday"]}, "event_types"),
        ({"event_types": ["video.ready"]}, None),
    ],
)
def test_what_the_service_would_refuse_is_said_at_its_field(
    changes: dict[str, Any], field: str | None
) -> None:
    given = {"project": make_project().pk, "url": "https://example.com/", "description": "", **changes}
    assert list(EndpointForm(given).errors) == ([field] if field else [])
