"""`[ehr]` of the site file: in which ways the FHIR servers are not as usual, checked before anything starts."""

import pytest

from cds_service import wiring
from cds_service.cli.check import check_installation
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.server_settings import ServerWays
from cds_service.settings.fhir_ways import remarks_on
from cds_service.settings.site_file import BadSite, read_site

FULL = """
[ehr]
not_kept = ["AdverseEvent", "Consent"]
other_names = ["http://fhir.internal:8080/r4/"]
strict_searches = false
[ehr.searches]
Observation = ["category=laboratory", "category=vital-signs&status=final,amended"]
"""


@pytest.fixture
def site_file(tmp_path):
    def write(text):
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_table_says_what_it_says(site_file):
    site = read_site(site_file(FULL))
    assert site.ways == ServerWays(
        searches={"Observation": ("category=laboratory", "category=vital-signs&status=final,amended")},
        not_kept=frozenset({"AdverseEvent", "Consent"}),
        other_names=(read_base("http://fhir.internal:8080/r4"),),
        strict_searches=False,
    )
    assert wiring.build_installation(wiring.offline(site)).gatherer.ways == site.ways


def test_without_the_table_servers_are_as_usual(site_file):
    site = read_site(site_file(""))
    assert site.ways == ServerWays()
    assert remarks_on(site.ways) == []


def test_check_tells_what_is_not_asked_for(site_file):
    report = check_installation(str(site_file(FULL)))
    told = "\n".join(report.notes)
    assert not report.faults
    assert "AdverseEvent is not asked for: charts count as having none of it" in told
    assert "may answer another question" in told
    assert "of Observation only what has category=laboratory or category=vital-signs" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not_keeping = ['Consent']", "ehr.not_keeping: no such setting"),
        ("not_kept = ['Encounter']", "ehr.not_kept: Encounter is not asked for; what is: AdverseEvent, "),
        ("not_kept = ['Flag']", "Flag is not asked for"),
        ("not_kept = ['Patient']", "without Patient nobody can say"),
        ("not_kept = ['Condition']", "without Condition nobody can say"),
        ("other_names = ['fhir.internal']", "ehr.other_names: 'fhir.internal' must be http or https"),
        ("[ehr.searches]\nEncounter = ['a=b']", "ehr.searches: Encounter is not asked for"),
        ("not_kept = ['Consent']\nsearches.Consent = ['a=b']", "Consent stands in searches, too"),
        ("searches.Consent = []", "ehr.searches.Consent: must name parameters"),
        ("searches.Consent = ['a=b', 'a=b']", "names the same twice"),
        ("searches.Consent = ['category']", "'category' is no search parameter"),
        ("searches.Consent = ['a=']", "'a=' is no search parameter"),
        ("searches.Consent = ['a=b&']", "'' is no search parameter"),
        ("searches.Consent = ['a=b c']", "is no search parameter"),
        ("searches.Consent = ['a=b#c']", "is no search parameter"),
        ("searches.Consent = ['subject.name=b']", "is no search parameter"),
        ("searches.Consent = ['patient=other']", "patient cannot be given here"),
        ("searches.Consent = ['a=b&subject=other']", "subject cannot be given here"),
        ("searches.Consent = ['_count=5']", "_count cannot be given here"),
        ("searches.Consent = ['_include=Consent:patient']", "_include cannot be given here"),
    ],
)
def test_each_fault_of_the_table_is_named(site_file, text, said):
    with pytest.raises(BadSite) as caught:
        read_site(site_file(f"[ehr]\n{text}"))
    assert said in "\n".join(caught.value.faults)


def test_the_stand_in_for_participation_is_a_type_that_is_asked_for(site_file):
    stand_in = "[participation]\nflag = [{name = 'Flag/1'}]\n"
    assert read_site(site_file(f"{stand_in}[ehr]\nnot_kept = ['Flag']")).ways.not_kept == {"Flag"}
    with pytest.raises(BadSite, match="ResearchSubject is not asked for"):
        read_site(site_file(f"{stand_in}[ehr]\nnot_kept = ['ResearchSubject']"))
