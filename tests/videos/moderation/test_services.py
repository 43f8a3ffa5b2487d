import inspect

from videos.moderation import services


def test_every_service_takes_its_arguments_by_name_and_says_who_acts() -> None:
    for name in services.__all__:
        made = getattr(services, name)
        if inspect.isclass(made):
            continue
        parameters = inspect.signature(made).parameters
        assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}, name
        assert "by" in parameters or name == "refresh_scores", name
