"""What the person in front of the page has chosen; kept in that browser's cookies, checked on every read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cds_service.demo.fhir_grant import Spec
from cds_service.demo.prefetch_modes import Prefetch

E = TypeVar("E", bound=StrEnum)


class Language(StrEnum):
    """The languages of the pages, and of the cards where the service knows us by language."""

    EN = "en"
    ZH = "zh"


class Signing(StrEnum):
    """Whether calls carry the client's JWT."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Switches:
    """One browser's choices."""

    language: Language = Language.EN
    prefetch: Prefetch = Prefetch.ALL
    signing: Signing = Signing.ON
    spec: Spec = Spec.STU2

    @property
    def html_language(self) -> str:
        """As the `lang` attribute of a page wants it."""
        return "zh-CN" if self.language is Language.ZH else "en"


COOKIES: Mapping[str, type[StrEnum]] = {
    "language": Language,
    "prefetch": Prefetch,
    "signing": Signing,
    "spec": Spec,
}


def read_switches(cookies: Mapping[str, str], accepted: str | None) -> Switches:
    """The choices in `cookies` ("ehr_language" ...); what was never chosen, or is no choice, is the default.

    `accepted` is the best of our languages for the browser ("en", "zh" or None).
    """

    def chosen(name: str, choices: type[E], default: E) -> E:
        text = cookies.get(f"ehr_{name}", "")
        return choices(text) if text in set(choices) else default

    usual = Language.ZH if accepted == Language.ZH else Language.EN
    return Switches(
        chosen("language", Language, usual),
        chosen("prefetch", Prefetch, Prefetch.ALL),
        chosen("signing", Signing, Signing.ON),
        chosen("spec", Spec, Spec.STU2),
    )
