"""Numbers of any size and keys that stand twice, in a draft, a problem and a token: 400, 401 or an answer."""

import json

import pytest

from cds_service.cds_hooks.errors import UntrustedClient, WhyUntrusted
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.fuzz.odd_json import NUMBERS, SHAPES, Again, Raw, text_of
from tests.hook_calls import HOOKS
from tests.installation import an_installation
from tests.standard import tokens
from tests.standard.calls import CONTEXTS, a_call, context_of
from tests.web.test_whole_service import WHOLE

BUNDLES = [
    (hook, name) for hook in CONTEXTS for name in CONTEXTS[hook] if name in ("draftOrders", "conditions")
]
ORDER = {"resourceType": "MedicationRequest", "id": "d", "status": "draft", "intent": "order"}
PROBLEM = {"resourceType": "Condition", "id": "d", "code": {"text": "aplastic anaemia"}}
SERVICE = {hook: service for service, hook in HOOKS.items()}


@pytest.fixture(scope="module")
def http():
    return build_app(an_installation(), lambda: NOW.instant).test_client()


def status(http, hook, name, resource):
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource}]}
    call = a_call(hook, context=context_of(hook, **{name: bundle}), prefetch=WHOLE)
    body = text_of(call).encode()
    return http.post(f"/cds-services/{SERVICE[hook]}", data=body, content_type="application/json").status_code


@pytest.mark.parametrize("value", [*NUMBERS, *SHAPES], ids=lambda value: text_of(value)[:24])
@pytest.mark.parametrize(("hook", "name"), BUNDLES)
def test_anything_in_a_member_that_no_reader_knows_is_an_answer_or_400(http, hook, name, value):
    for resource in (ORDER, PROBLEM):
        assert status(http, hook, name, {**resource, "unknown": value}) in (200, 400)
        assert status(http, hook, name, {**resource, "status": value, Again("status"): "draft"}) in (200, 400)


@pytest.mark.parametrize("value", [*NUMBERS, *SHAPES], ids=lambda value: text_of(value)[:24])
@pytest.mark.parametrize("member", ["resourceType", "id", "subject", "medication", "code", "meta", "entry"])
def test_a_draft_of_any_shape_is_an_answer_or_400(http, member, value):
    for hook, name in BUNDLES:
        assert status(http, hook, name, {**ORDER, member: value}) in (200, 400)


def test_an_ordinary_draft_and_problem_are_answered(http):
    assert status(http, "order-sign", "draftOrders", ORDER) == 200
    assert status(http, "problem-list-item-create", "conditions", PROBLEM) == 200


# ---------------------------------------------------------------- tokens


def let_in(header, claims):
    parts = ".".join(tokens._b64(text_of(part).encode()) for part in (header, claims))
    signature = tokens._method("ES384", "ehr-1")(parts.encode())
    return tokens.check(f"Bearer {parts}.{tokens._b64(signature)}")


def test_a_token_written_so_is_let_in():
    assert let_in(tokens.header_members("ehr-1", {}), tokens.claims_of()).issuer == tokens.EHR


@pytest.mark.parametrize("member", ["alg", "typ", "kid", "other"])
def test_a_key_twice_in_the_header_is_refused(member):
    header = {**tokens.header_members("ehr-1", {"other": "x"})}
    header[Again(member)] = header[member]
    with pytest.raises(UntrustedClient) as refused:
        let_in(header, tokens.claims_of())
    assert refused.value.reason is WhyUntrusted.MALFORMED


@pytest.mark.parametrize("member", ["iss", "aud", "exp", "jti", "other"])
def test_a_key_twice_in_the_claims_is_refused(member):
    claims = tokens.claims_of(other=1)
    claims[Again(member)] = claims[member]
    with pytest.raises(UntrustedClient) as refused:
        let_in(tokens.header_members("ehr-1", {}), claims)
    assert refused.value.reason is WhyUntrusted.CLAIMS


def _is_left_out(value):
    return value is None or value is ...


@pytest.mark.parametrize(
    "value",
    [value for value in (*NUMBERS, *SHAPES) if not _is_left_out(value)],
    ids=lambda value: text_of(value)[:24],
)
@pytest.mark.parametrize(
    "where", ["alg", "typ", "kid", "jku", "crit", "iss", "aud", "exp", "iat", "nbf", "jti"]
)
def test_a_value_of_another_kind_is_refused(where, value):
    header, claims = tokens.header_members("ehr-1", {}), tokens.claims_of()
    if where == "nbf" and isinstance(value, int | float | Raw) and _is_past(value):
        return
    (header if where in ("alg", "typ", "kid", "jku", "crit") else claims)[where] = value
    with pytest.raises(UntrustedClient):
        let_in(header, claims)


def _is_past(value):
    """Not before a moment long ago is a claim like any other."""
    try:
        return float(json.loads(text_of(value))) < tokens.NOW.timestamp()
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False
