"""Who is looked at: every way in which a record writes a name, a number and a birthday."""

from datetime import date

import msgspec
import pytest

from cds_service.explain.banner import Banner, fetch_banner
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched


def banner(**members):
    return msgspec.convert(members, Banner)


@pytest.mark.parametrize(
    ("names", "said", "latin"),
    [
        ([{"text": "李伟"}, {"text": "Li Wei"}], "李伟", "Li Wei"),
        ([{"text": "Li Wei"}, {"text": "李伟"}], "Li Wei", ""),
        ([{"text": "Li Wei"}, {"text": "Wei Li"}], "Li Wei", "Wei Li"),
        ([{"text": "李伟"}], "李伟", ""),
        ([{"family": "Li", "given": ["Wei", "A."]}], "Wei A. Li", ""),
        ([{"family": "Li"}], "Li", ""),
        ([{"given": ["Wei"]}], "Wei", ""),
        ([{"text": "Li Wei", "family": "Other"}], "Li Wei", ""),
        ([{}, {"text": "Li Wei"}], "Li Wei", ""),
        ([{"text": "李伟"}, {}, {"text": "李 伟"}, {"family": "Li", "given": ["Wei"]}], "李伟", "Wei Li"),
        ([{"text": "李伟"}, {"text": "李伟"}], "李伟", ""),
        ([], "", ""),
        ([{}], "", ""),
    ],
)
def test_a_name_is_the_first_that_is_written_and_the_latin_one_another(names, said, latin):
    found = banner(name=names)
    assert (found.said, found.latin) == (said, latin)


MR = {"coding": [{"code": "MR"}]}


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([{"value": "1"}, {"value": "2", "type": MR}], "2"),
        ([{"value": "1"}, {"value": "2"}], "1"),
        ([{"value": "1", "type": {"coding": [{"code": "SS"}, {"code": "MR"}]}}], "1"),
        ([{"value": "1", "type": MR, "use": "old"}, {"value": "2"}], "2"),
        ([{"value": "1", "type": MR, "use": "usual"}], "1"),
        ([{"value": "1", "use": "old"}], ""),
        ([{"type": MR}, {"value": "2"}], "2"),
        ([{"value": "", "type": MR}, {"value": "2"}], "2"),
        ([{"value": "1", "type": {"coding": [{"code": "SS"}]}}, {"value": "2", "type": MR}], "2"),
        ([], ""),
    ],
)
def test_the_number_is_the_records_own_where_one_is_called_so(numbers, shown):
    assert banner(identifier=numbers).number == shown


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("1982-03-02", 44),
        ("1982-03-03", 43),
        ("2026-03-02", 0),
        ("1982", None),
        ("1982-03", None),
        ("", None),
    ],
)
def test_an_age_needs_a_whole_day_of_birth(born, age):
    assert banner(birthDate=born).age(date(2026, 3, 2)) == age


class Held:
    def __init__(self, body):
        self.body, self.asked = body, []

    def fetch(self, url, path, token, _):
        self.asked.append((url, path, token))
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"name": [{"text": "Li Wei"}]}', "Li Wei"),
        (b"{}", ""),
        (b"<html>", None),
        (b'{"name": 5}', None),
        (NotFetched(WhyNotFetched.FORBIDDEN, "Patient"), None),
    ],
)
def test_who_cannot_be_had_is_nobody(body, said):
    server = Held(body)
    found = fetch_banner(server, read_base("https://e.example/fhir"), "Practitioner/7", "t", deadline_in(1))
    assert (found and found.said) == said
    assert server.asked == [("https://e.example/fhir/Practitioner/7", "Practitioner", "t")]
