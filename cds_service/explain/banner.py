"""Who is looked at: name, age and record number, on every page, sheet and file."""

from datetime import date

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched
from fhir_mappings.clinical_model.calendar import age_on


class _Name(msgspec.Struct, frozen=True):
    text: str | None = None
    family: str | None = None
    given: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        return self.text or " ".join([*self.given, self.family or ""]).strip()


class _Coding(msgspec.Struct, frozen=True):
    code: str | None = None


class _Kind(msgspec.Struct, frozen=True):
    coding: tuple[_Coding, ...] = ()


class _Identifier(msgspec.Struct, frozen=True):
    value: str | None = None
    use: str | None = None
    type: _Kind = _Kind()

    @property
    def is_record_number(self) -> bool:
        return any(coding.code == "MR" for coding in self.type.coding)


class Banner(msgspec.Struct, frozen=True, rename="camel"):
    """A Patient, or a Practitioner, as far as it tells people apart."""

    name: tuple[_Name, ...] = ()
    identifier: tuple[_Identifier, ...] = ()
    birth_date: str = ""
    gender: str = ""

    @property
    def said(self) -> str:
        """The first name, in one line; "" when there is none."""
        return next((name.said for name in self.name if name.said), "")

    @property
    def latin(self) -> str:
        """Another way to write the name, in Latin letters; "" where the first one is, or none is there."""
        others = (name.said for name in self.name if name.said and name.said != self.said)
        return next((said for said in others if said[0].isascii()), "")

    @property
    def number(self) -> str:
        """The record number; the first number in use where none is called so; "" where there is none."""
        there = [one for one in self.identifier if one.value and one.use != "old"]
        named = [one for one in there if one.is_record_number]
        return next((one.value or "" for one in (*named, *there)), "")

    def age(self, today: date) -> int | None:
        """In whole years; None where no whole day of birth is known."""
        try:
            return age_on(date.fromisoformat(self.birth_date), today)
        except ValueError:
            return None


def fetch_banner(
    server: FhirServer, base: FhirBase, reference: str, token: str, deadline: Deadline
) -> Banner | None:
    """Who it is, a patient or who signs; None when that cannot be had."""
    try:
        body = server.fetch(base.address(reference), reference.partition("/")[0], token, deadline)
        return msgspec.json.decode(body, type=Banner)
    except (NotFetched, *NOT_JSON):
        return None
