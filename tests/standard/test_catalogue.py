"""Discovery and finding a service: one value says what a service is and does it."""

import pytest

from cds_service.cds_hooks.discovery import Catalogue, DuplicateService
from cds_service.cds_hooks.errors import BadHookRequest, NoSuchService
from cds_service.cds_hooks.prefetch import BadTemplate
from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService


def a_service(name="one", **members):
    return HookService(
        **{
            "id": name,
            "hook": Hook.PATIENT_VIEW,
            "title": "Title",
            "description": "What it is for",
            "prefetch": {"patient": "Patient/{{context.patientId}}"},
            "advise": lambda call: (),
            **members,
        }
    )


def test_discovery_says_all_that_the_standard_asks_for():
    catalogue = Catalogue([a_service(usage_requirements="needs the Patient")])
    assert catalogue.discovery() == {
        "services": [
            {
                "id": "one",
                "hook": "patient-view",
                "title": "Title",
                "description": "What it is for",
                "prefetch": {"patient": "Patient/{{context.patientId}}"},
                "usageRequirements": "needs the Patient",
                "version": "2.0.1",
            }
        ]
    }


def test_no_services_is_an_empty_list():
    assert Catalogue([]).discovery() == {"services": []}


def test_a_service_without_prefetch_says_nothing_of_it():
    assert "prefetch" not in a_service(prefetch={}).as_json()


def test_a_service_with_a_template_outside_the_subset_cannot_be_built():
    with pytest.raises(BadTemplate):
        a_service(prefetch={"x": "Patient?_has=1"})


def test_two_services_cannot_share_an_id():
    with pytest.raises(DuplicateService) as caught:
        Catalogue([a_service("x"), a_service("x")])
    assert caught.value.service_id == "x"


def test_a_service_is_found_by_its_id_and_hook_only():
    service = a_service()
    catalogue = Catalogue([service])
    assert catalogue.find_for("one", Hook.PATIENT_VIEW) is service
    with pytest.raises(NoSuchService):
        catalogue.find("two")
    with pytest.raises(BadHookRequest) as caught:
        catalogue.find_for("one", Hook.ORDER_SIGN)
    assert caught.value.fields == ("hook",)
