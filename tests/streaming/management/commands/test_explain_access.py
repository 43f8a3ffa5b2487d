from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from tests.streaming.conftest import folder_of

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("explain_access", *arguments, stdout=out)
    return out.getvalue()


def test_it_says_what_plays_and_what_does_not(video, mint):
    token = mint(video)
    assert run(video.pk).startswith("Plays, for whoever has a token for it.")
    assert run(video.pk, "--token", token).startswith("Plays, for this token.")
    video.restriction = "held"
    video.save()
    said = run(video.pk, "--address", folder_of(video, token) + "poster.jpg")
    assert said.startswith("Does not play, for this token: video_restricted (403).")
    assert "NO   The video is not restricted. Restriction: held." in said
    assert "yes  The token has not expired." in said
    assert token not in said


def test_a_token_may_come_by_standard_input(video, mint, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(mint(video) + "\n"))
    assert run(video.pk, "--token", "-").startswith("Plays, for this token.")


@pytest.mark.parametrize(
    "arguments", [["--origin", "x"], ["--file", "x"], ["--address", "/x"], ["--token", "x", "--address", "y"]]
)
def test_what_is_wrong_is_said_in_words(video, arguments):
    with pytest.raises(CommandError):
        run(video.pk, *arguments)


def test_an_unknown_video_is_said_so():
    with pytest.raises(CommandError, match="no such video"):
        run("vid_" + "0" * 18)
