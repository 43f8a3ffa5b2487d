import pytest

from tests.factories import make_project
from tests.videos.moderation.making import make_playing
from tests.videos.privacy.making import make_creator
from videos.privacy import traces
from videos.privacy.traces import find_own_words, find_traces, occurs


def test_a_word_of_its_own_and_a_short_one_as_the_whole_value() -> None:
    assert occurs("user-17", "By user-17.")
    assert not occurs("user-17", "By user-171.")
    assert occurs("7", "7")
    assert not occurs("7", "7 days")
    assert occurs("7", '{"by": ["7"]}', is_json=True)
    assert not occurs("7", '{"by": 7}', is_json=True)
    assert occurs("us\u00e9r-\u00e9-1", '{"by": "us\\u00e9r-\\u00e9-1"}', is_json=True)
    assert occurs("user-17", "no JSON: user-17", is_json=True)


@pytest.mark.django_db
def test_each_project_is_searched_by_itself() -> None:
    creator = make_creator("user-17", make_project("Shop"))
    make_playing(make_project("Forum"), creator_id="user-17")
    assert find_traces(creator) == []
    video = make_playing(creator.project, creator_id="user-17", metadata={"x": "see user-17"})
    assert {(one.table, one.column, one.rows) for one in find_traces(creator)} == {
        ("videos.Video", "creator_id", (video.pk,)),
        ("videos.Video", "metadata", (video.pk,)),
    }


@pytest.mark.django_db
def test_what_is_not_named_any_more_is_said_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MOST_OWN", 2)
    creator = make_creator()
    told = []
    for _ in range(3):
        make_playing(creator.project, title=f"With {creator.id}")
        rows, has_more = find_own_words(creator)
        told.append((len(rows), has_more))
    assert told == [(1, False), (2, False), (2, True)]
