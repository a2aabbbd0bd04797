"""Patient -> what the banner and the list show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from unicodedata import combining, normalize

from dateutil.relativedelta import relativedelta

from cds_service.demo.json_http import Json


@dataclass(frozen=True, slots=True)
class BannerPerson:
    """A patient as people speak of one; `age` in whole years, None when no day of birth is known."""

    id: str
    name: str
    latin_name: str
    sex: str
    age: int | None
    born: str
    number: str

    @property
    def all_names(self) -> str:
        """Both names, once each."""
        return " ".join(dict.fromkeys(name for name in (self.name, self.latin_name) if name))


def banner_person(patient: Json, today: date) -> BannerPerson:
    """Read a Patient resource."""
    names = [_name(name) for name in patient.get("name", [])]
    latin = next((name for name in names if name and name[0].isascii()), "")
    first = next(iter(names), "")
    born = str(patient.get("birthDate", ""))
    identifiers = patient.get("identifier") or [{}]
    return BannerPerson(
        id=str(patient.get("id", "")),
        name=first,
        latin_name=latin if latin != first else "",
        sex=str(patient.get("gender", "unknown")),
        age=_age(born, today),
        born=born,
        number=str(identifiers[0].get("value", "")),
    )


def _name(name: Json) -> str:
    parts = [*name.get("given", []), name.get("family", "")]
    text = str(name.get("text") or " ".join(part for part in parts if part))
    return text.removesuffix(" (synthetic)")


def _age(born: str, today: date) -> int | None:
    try:
        return relativedelta(today, date.fromisoformat(born)).years
    except ValueError:
        return None


def found_by(people: Mapping[str, BannerPerson], words: str) -> list[str]:
    """The ids of those whose name, number or id holds every word, whatever its case and accents."""
    asked = plain_name(words).split()
    texts = {key: plain_name(f"{one.all_names} {one.number} {one.id}") for key, one in people.items()}
    return [key for key, text in texts.items() if all(word in text for word in asked)]


def plain_name(text: str) -> str:
    """Lower case without accents: "Chén" -> "chen"."""
    return "".join(c for c in normalize("NFKD", text.casefold()) if not combining(c))
