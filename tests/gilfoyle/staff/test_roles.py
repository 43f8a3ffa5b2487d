from gilfoyle.staff.roles import RIGHTS, ROLES, find_role, list_permissions


def test_roles_are_found_by_their_code() -> None:
    assert [find_role(role.code) for role in ROLES] == list(ROLES)
    assert find_role("Reviewer") is None


def test_permissions_are_named_as_django_names_them() -> None:
    reviewer = find_role("reviewer")
    assert reviewer is not None
    found = set(list_permissions(reviewer))
    assert ("videos", "view_video") in found
    assert ("videos", "change_case") in found
    assert not any(name.startswith(("delete_", "add_")) for _app, name in found)


def test_nobody_but_administrators_makes_or_deletes() -> None:
    for label, rights in RIGHTS.items():
        for letters in (rights.reviewer, rights.senior_reviewer, rights.auditor):
            assert not set(letters) & {"a", "d"}, label
