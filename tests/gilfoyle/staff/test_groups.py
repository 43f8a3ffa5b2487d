import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User

from gilfoyle.staff.groups import (
    ROLE_NAMES,
    make_groups,
    make_groups_after_migrate,
    role_in_words,
    role_of,
    with_roles,
)
from gilfoyle.staff.roles import POWERS, RIGHTS, ROLES, list_permissions

pytestmark = pytest.mark.django_db


def rights_of(name: str) -> set[tuple[str, str]]:
    group = Group.objects.get(name=name)
    return set(group.permissions.values_list("content_type__app_label", "codename"))


def test_migrate_has_made_the_groups_with_what_the_table_says() -> None:
    models = {model._meta.label_lower for model in apps.get_models()}
    for role in ROLES:
        there = {
            (app, name)
            for app, name in list_permissions(role)
            if f"{app}.{name.partition('_')[2]}" in models or name in POWERS[role.code]
        }
        assert rights_of(role.name) == there
        assert there


def test_what_was_changed_by_hand_is_set_right_and_the_rest_left_alone() -> None:
    own = Group.objects.create(name="Ours")
    own.permissions.set(Permission.objects.filter(codename="delete_video"))
    before = rights_of("Reviewer")
    reviewers = Group.objects.get(name="Reviewer")
    reviewers.permissions.set(Permission.objects.filter(codename="delete_video"))
    somebody = User.objects.create_user("somebody")
    somebody.groups.add(reviewers)
    make_groups()
    assert rights_of("Reviewer") == before
    assert rights_of("Ours") == {("videos", "delete_video")}
    assert role_of(somebody) == ROLES[0]


def test_a_second_time_writes_nothing(django_assert_num_queries: object) -> None:
    make_groups()
    with django_assert_num_queries(2 + 1 + 2 * len(ROLES)):  # type: ignore[operator]  # a savepoint, the rights, four groups
        make_groups()


def test_groups_are_made_once_the_last_app_has_its_rights() -> None:
    Group.objects.filter(name__in=ROLE_NAMES).delete()
    first, *_others, last = apps.get_app_configs()
    make_groups_after_migrate(app_config=first, using="default")
    assert not Group.objects.exists()
    make_groups_after_migrate(app_config=last, using="default", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLE_NAMES)


def test_roles_in_words() -> None:
    root = User.objects.create_superuser("root")
    plain = User.objects.create_user("plain", is_staff=True)
    reviewer = User.objects.create_user("reviewer", is_staff=True)
    reviewer.groups.add(Group.objects.get(name="Reviewer"), Group.objects.create(name="Other"))
    words = {user.username: role_in_words(user) for user in User.objects.prefetch_related(with_roles())}
    assert words == {"root": "Superuser", "plain": "Own rights", "reviewer": "Reviewer"}
    assert role_in_words(User.objects.create_user("viewer")) == "None"
    assert (role_of(root), role_of(plain)) == (None, None)
    assert len(RIGHTS) > 40
