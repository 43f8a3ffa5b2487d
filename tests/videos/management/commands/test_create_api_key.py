from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import api_client, make_project
from videos.access.keys import SCOPES
from videos.access.models import ApiKey, Project

pytestmark = pytest.mark.django_db


def run(*argv: str) -> str:
    out = StringIO()
    call_command("create_api_key", *argv, stdout=out)
    return out.getvalue()


def test_quiet_prints_the_key_alone_and_it_works() -> None:
    printed = run("--project", "Shop", "--quiet")
    assert printed == printed.strip() + "\n"
    answer = api_client(printed.strip()).get("/api/v1/account").json()
    assert (answer["project"]["name"], answer["key"]["label"]) == ("Shop", "Command line")
    assert answer["key"]["scopes"] == sorted(SCOPES)


def test_it_says_that_the_key_is_not_shown_again() -> None:
    key, advice = run("--project", "Shop").splitlines()
    assert key.startswith("gfk_")
    assert "can't be shown again" in advice


def test_an_existing_project_gets_another_key() -> None:
    project = make_project("Shop")
    run(
        "--project",
        "Shop",
        "--label",
        "Web",
        "--scope",
        "videos:read",
        "--scope",
        "uploads:write",
        "--expires-in-days",
        "2",
    )
    key = ApiKey.objects.get(project=project)
    assert (key.label, key.scopes) == ("Web", ["uploads:write", "videos:read"])
    assert key.expires_at is not None
    assert timedelta(days=1, hours=23) < key.expires_at - timezone.now() <= timedelta(days=2)
    assert Project.objects.count() == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--project", " "], "1 to 100 printable characters"),
        (["--project", "x" * 101], "1 to 100 printable characters"),
        (["--project", "a\udcff"], "1 to 100 printable characters"),
        (["--project", "New", "--label", ""], "label has 1 to 100"),
        (["--project", "New", "--scope", "root"], "Unknown scope: root. Scopes are videos:read"),
        (["--project", "New", "--expires-in-days", "0"], "from 1 to 36500"),
        (["--project", "New", "--expires-in-days", "-3"], "from 1 to 36500"),
        (["--project", "New", "--expires-in-days", "99999999"], "from 1 to 36500"),
        (["--project", "New", "--expires-in-days", "soon"], "invalid int value"),
        ([], "--project"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(argv: list[str], words: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(*argv)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not Project.objects.exists()
    assert not ApiKey.objects.exists()
