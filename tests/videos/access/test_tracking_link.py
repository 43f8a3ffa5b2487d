from videos.access.tracking_link import tracking_address, tracking_link


def test_whatever_an_id_holds_is_quoted() -> None:
    asked = tracking_address(project_id="prj", target_type="creator", target_id='a/b&c="<é')
    assert asked == "/admin/videos/dailyuse/of/?project=prj&creator=a%2Fb%26c%3D%22%3C%C3%A9"
    link = tracking_link(project_id="prj", target_type="creator", target_id='"><script>')
    assert "<script>" not in link
    assert link.startswith('<a class="gf-link" href="/admin/')


def test_of_a_project_its_id_is_said_once() -> None:
    assert tracking_address(project_id="prj", target_type="project", target_id="prj").endswith("?project=prj")
