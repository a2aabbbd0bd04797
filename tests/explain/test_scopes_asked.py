"""What a launch asks for: each type that the page reads, and to write the form."""

import pytest

from cds_service.explain.smart_registrations import scope_of

READ = (
    *(
        "Patient",
        "Condition",
        "Observation",
        "MedicationRequest",
        "MedicationDispense",
        "MedicationAdministration",
    ),
    *("MedicationStatement", "AllergyIntolerance", "Procedure", "AdverseEvent", "ResearchSubject", "Consent"),
    *("Medication", "ResearchStudy", "Practitioner", "PractitionerRole", "Specimen"),
)


@pytest.mark.parametrize(("standalone", "launch"), [(False, "launch"), (True, "launch/patient")])
def test_each_type_is_asked_for_by_its_name(standalone: bool, launch: str) -> None:
    asked = scope_of((), standalone=standalone).split()
    assert asked[:3] == [launch, "openid", "fhirUser"]
    read = {f"patient/{kind}.rs" for kind in READ}
    assert set(asked[3:]) == read | {"patient/QuestionnaireResponse.crs"}
