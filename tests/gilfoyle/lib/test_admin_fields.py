import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_fields import made_once
from tests.factories import make_project


class Page:
    """Counts how often a field is made."""

    made = 0

    @made_once
    def field(self, row: object) -> str:
        """Return it."""
        self.made += 1
        return f"{row} {self.made}"


class Row:
    """A row as it was read."""


def test_a_field_is_made_once_for_each_row() -> None:
    page, row, other = Page(), Row(), Row()
    assert page.field(row) == page.field(row)
    assert page.made == 1
    assert page.field(other) != page.field(row)
    assert page.made == 2


@pytest.mark.django_db
def test_what_a_project_has_played_and_uses_is_asked_for_once(admin_client: Client) -> None:
    address = page_of("videos_project_change", make_project().pk)
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(address)
    for table in ("videos_dailyplays", "videos_monthlyuse"):
        assert len([one for one in captured if f'FROM "{table}"' in one["sql"]]) == 1, table
