from videos.imports.models import Import
from videos.imports.serializers import EXAMPLE, ImportSerializer


def shown(**fields: object) -> dict[str, object]:
    return dict(ImportSerializer(Import(id="imp_1", video_id="vid_1", **fields)).data)


def test_the_example_has_what_is_shown() -> None:
    assert set(shown(source_url="https://a.example/")) == set(EXAMPLE)


def test_a_failure_is_told_between_tries_and_forgotten_at_the_end() -> None:
    failure = {"failure_code": "server_busy", "failure_message": "Busy.", "failure_hint": "Wait."}
    assert shown(status="waiting", **failure)["failure"] == {
        "code": "server_busy",
        "message": "Busy.",
        "hint": "Wait.",
    }
    assert shown(status="finished", **failure)["failure"] is None
    assert shown(status="waiting")["failure"] is None
