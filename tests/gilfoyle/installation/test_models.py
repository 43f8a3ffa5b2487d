from gilfoyle.installation.models import InstallationFact


def test_a_fact_is_known_by_its_name() -> None:
    assert str(InstallationFact(name="secret", value="8f55490f166191e0")) == "secret"
