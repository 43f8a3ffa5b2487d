"""Every model says who of the staff may do what with it."""

from django.apps import apps
from django.contrib import admin

from gilfoyle.staff.roles import NOBODY, POWERS, RIGHTS, ROLES, VERBS
from videos.moderation.policy import Power

# In the table already, in the database soon: rooms that are being built. A name leaves this list when its model is there.
AWAITED: set[str] = set()


def test_every_model_has_its_row_in_the_table_of_roles() -> None:
    models = {model._meta.label_lower for model in apps.get_models()}
    assert sorted(models - set(RIGHTS)) == [], "say in gilfoyle/staff/roles.py who may do what with it"


def test_the_table_of_roles_names_no_model_that_is_not_there() -> None:
    models = {model._meta.label_lower for model in apps.get_models()}
    assert set(RIGHTS) - models - AWAITED == set()


def test_rights_are_verbs_each_once_and_who_changes_also_sees() -> None:
    for label, rights in RIGHTS.items():
        for role in ROLES:
            letters = getattr(rights, role.code)
            assert set(letters) <= set(VERBS), label
            assert len(set(letters)) == len(letters), label
            assert not letters or "v" in letters, label


def test_every_power_of_moderation_is_somebody_s_and_an_auditor_has_none() -> None:
    given = {codename for codenames in POWERS.values() for codename in codenames}
    assert given == {power.value for power in Power}
    assert POWERS["auditor"] == ()
    assert set(POWERS) == {role.code for role in ROLES}


def test_auditors_change_nothing() -> None:
    assert {rights.auditor for rights in RIGHTS.values()} <= {"", "v"}


def test_a_model_with_a_page_is_seen_by_somebody() -> None:
    pages = {model._meta.label_lower for model in admin.site._registry}
    assert {label for label in pages if RIGHTS[label] == NOBODY} == set()
