"""Who may read and who may sign: every way back from the provider, every name, role and form."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.research import research_access
from cds_service.research.oidc_settings import Provider
from cds_service.research.research_access import Reader, SignIn
from cds_service.signin.client_registration import Registration
from cds_service.signin.oauth_code_flow import Granted, Pending
from cds_service.signin.oidc_discovery import Configuration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOGIN = "https://login.example"
PENDING = Pending("s", "n", "v", Configuration(f"{LOGIN}/a", f"{LOGIN}/t", f"{LOGIN}/j", LOGIN), {})
PROVIDER = Provider(
    read_base(LOGIN), Registration("aa", ()), "study-team", "realm.roles", signing_role="investigator"
)
CLAIMS = {"sub": "u1", "name": "Li Wei", "realm": {"roles": ["study-team", "investigator"]}}


@dataclass
class Flow:
    """A provider that has signed somebody in with these claims."""

    claims: dict

    def come_back(self, *_):
        return Granted({}, self.claims)


@pytest.fixture
def come_back(monkeypatch):
    def told(query=None, provider=PROVIDER, **claims):
        monkeypatch.setattr(research_access, "CodeFlow", lambda *_: Flow({**CLAIMS, **claims}))
        sign_in = SignIn(provider, None, "https://us.example/callback", lambda: "form-word")
        return sign_in.come_back(PENDING, query or {"code": "c"}, "code=c", NOW)

    return told


def test_a_reader_stays_for_eight_hours_with_a_word_for_its_forms(come_back):
    assert come_back() == Reader(NOW + timedelta(hours=8), "form-word", "u1", "Li Wei", True)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"code": "c", "iss": LOGIN}, None),
        ({"code": "c", "iss": "https://other.example"}, WhyRefused.STATE),
        ({"code": "c", "iss": ""}, WhyRefused.STATE),
        ({"error": "access_denied"}, WhyRefused.DENIED),
        ({"error": "access_denied", "code": "c"}, WhyRefused.DENIED),
        ({"state": "s"}, WhyRefused.DENIED),
        ({"error": "x", "iss": "https://other.example"}, WhyRefused.STATE),
    ],
)
def test_each_way_back(come_back, query, why):
    if why is None:
        assert come_back(query)
    else:
        with pytest.raises(SignInRefused) as caught:
            come_back(query)
        assert caught.value.why is why


@pytest.mark.parametrize(
    ("roles", "may_read", "may_sign"),
    [
        (["study-team"], True, False),
        (["study-team", "investigator"], True, True),
        (["investigator"], False, None),
        ([], False, None),
        ("study-team", True, False),
        (["study-team", 5], True, False),
        ({"study-team": True}, False, None),
        (["Study-Team"], False, None),
    ],
)
def test_who_has_which_role(come_back, roles, may_read, may_sign):
    if may_read:
        assert come_back(realm={"roles": roles}).may_sign is may_sign
    else:
        with pytest.raises(SignInRefused) as caught:
            come_back(realm={"roles": roles})
        assert caught.value.why is WhyRefused.ROLE


def test_nobody_signs_without_an_account_or_where_no_role_is_named(come_back):
    assert not come_back(sub="").may_sign
    assert not come_back(
        provider=Provider(PROVIDER.issuer, PROVIDER.registration, "study-team", "realm.roles")
    ).may_sign


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "A", "preferred_username": "B", "sub": "C"}, "A"),
        ({"name": "", "preferred_username": "B", "sub": "C"}, "B"),
        ({"name": 5, "preferred_username": "", "sub": "C"}, "C"),
        ({"name": None, "preferred_username": None, "sub": ""}, ""),
        ({"name": "x" * 121}, "x" * 120),
    ],
)
def test_a_person_is_called_by_the_best_name_there_is(come_back, claims, name):
    assert come_back(**claims).name == name


def test_an_account_is_kept_up_to_its_length(come_back):
    assert come_back(sub="y" * 121).account == "y" * 120


OWN = "https://us.example"


@pytest.mark.parametrize(
    ("given", "origin", "is_ours"),
    [
        ("form-word", OWN, True),
        ("form-wore", OWN, False),
        ("", OWN, False),
        ("form-word", "https://evil.example", False),
        ("form-word", "", False),
        ("wörd", OWN, False),
    ],
)
def test_a_form_is_ours_by_its_word_and_its_origin(given, origin, is_ours):
    reader = Reader(NOW, "form-word")
    if is_ours:
        reader.check_form(given, origin, OWN)
    else:
        with pytest.raises(SignInRefused) as caught:
            reader.check_form(given, origin, OWN)
        assert caught.value.why is WhyRefused.FORM
