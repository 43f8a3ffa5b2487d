from django.template import Context, Template


def test_templates_of_all_rooms_have_the_filter() -> None:
    page = Template("{% load house %}{{ words|with_code }}")
    assert page.render(Context({"words": "<i> `make run`"})) == "&lt;i&gt; <code>make run</code>"
