from django.contrib import admin

from gilfoyle.lib import ids
from gilfoyle.lib.admin_pages import PLACES, address_of_id, find_place


def test_an_id_leads_to_its_page_by_its_prefix() -> None:
    video_id, case_id = ids.new_video_id(), ids.new_case_id()
    assert address_of_id(video_id) == f"/admin/videos/video/{video_id.replace('_', '_5F')}/change/"
    assert find_place(case_id) == PLACES["case"]


def test_what_is_no_such_id_leads_nowhere() -> None:
    for text in (
        "",
        "vid_",
        "vid_short",
        ids.new_rendition_id(),
        f"{ids.new_video_id()}/../delete",
        "vid_\0",
    ):
        assert address_of_id(text) == ""


def test_every_place_is_a_model_with_pages_whose_ids_begin_so() -> None:
    pages = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
    for prefix, place in PLACES.items():
        make = pages[place.model]._meta.pk.get_default
        assert make().startswith(f"{prefix}_"), place
