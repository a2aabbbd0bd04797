"""What the routes do: look at the patient of a session, write an attestation, open a source."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from cds_service.cards.translations import Wording
from cds_service.cds_hooks.authorization import FhirInteraction
from cds_service.explain.attestation_form import TRIAL_FIELD, answers, questionnaire
from cds_service.explain.banner import Banner, fetch_banner
from cds_service.explain.page_content import Writing, page_of
from cds_service.explain.page_sessions import SignedInPerson
from cds_service.explain.resource_view import fetch_source
from cds_service.explain.snoozed import Recollection
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.create_resource import FhirWriter
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FhirServer
from cds_service.figures.statements import Teller
from cds_service.services.explanation import ExplainedPatient, explain
from cds_service.services.handler import Installation
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from fhir_mappings.writers.attestation_response import attestation_response

_FORM = "QuestionnaireResponse"
_MAY_ATTEST = ("Practitioner", "PractitionerRole")


class ExplainedTrial(msgspec.Struct, frozen=True):
    """A trial with the words of its page by language, and what was silenced of it."""

    installation: Installation
    words: Mapping[str, Wording]
    recollection: Recollection

    def words_in(self, language: str) -> Wording:
        """In another language where the trial has none in this one."""
        return self.words.get(language) or next(iter(self.words.values()))


class ExplainDesk(msgspec.Struct, frozen=True):
    """The collaborators. `seconds` bound what is fetched beside the chart; `clock` gives aware moments.

    `trials`: answers are written to the form of the one that the page showed.
    """

    trials: tuple[ExplainedTrial, ...]
    server: FhirServer
    writer: FhirWriter
    clock: Callable[[], datetime]
    seconds: float = 4.0

    def look(
        self,
        person: SignedInPerson,
        language: str,
        link: Callable[[str], str],
        given: Mapping[str, str] | None = None,
    ) -> tuple[Wording, dict[str, Any]]:
        """The words and the values of the page. Raises DataNotAvailable."""
        now = self.clock()
        of, seen = self._concerned(person, now)
        installation, words = of.installation, of.words_in(language)
        tell = Teller(words, link)
        quiet = of.recollection.of(person.patient, person.caller, now, tell)
        why_not = self.why_not_attest(person, tell)
        writing = Writing(person.form_token, why_not, given, "" if why_not else self.signer(person))
        return words, {
            **page_of(seen, installation, quiet, writing, tell),
            **self.who(person),
            "unsigned": not installation.is_signed(),
            "shadow": installation.is_shadow,
        }

    def _concerned(self, person: SignedInPerson, now: datetime) -> tuple[ExplainedTrial, ExplainedPatient]:
        """The trial asked for; else the first that concerns the patient, or of all where none does."""
        access, user = person.authorization(now), person.user or ""
        looked = []
        asked = [one for one in self.trials if one.installation.trial.record.id == person.trial]
        for one in asked or self.trials:
            seen = explain(one.installation, person.fhir_base, access, user, person.patient, now)
            if seen.assessment is not None:
                return one, seen
            looked.append((one, seen))
        return looked[0]

    def why_not_attest(self, person: SignedInPerson, tell: Teller) -> str:
        """Why this person's answers could not be written or would not count; "" when they would."""
        if person.user is None or person.user.partition("/")[0] not in _MAY_ATTEST:
            return tell.say("page.form.notPractitioner")
        if not person.authorization(self.clock()).covers(_FORM, FhirInteraction.CREATE):
            return tell.say("page.form.noScope")
        return ""

    def attest(self, person: SignedInPerson, given: Mapping[str, str]) -> bool:
        """Write the answers as the person's own; False when there are none.

        Raises WriteRefused or NotFetched when the server did not take them, SignInRefused for answers that no
        page of ours sends.
        """
        asking = self._asking(given.get(TRIAL_FIELD))
        trial = asking.installation.trial
        form = trial.page.form
        answered = answers(trial.attested, given) if form else {}
        if not (form and answered):
            return False
        if person.user is None or person.user.partition("/")[0] not in _MAY_ATTEST:
            raise SignInRefused(WhyRefused.FORM, "author")
        now = self.clock().astimezone(asking.installation.zone)
        response = attestation_response(
            questionnaire(form.file),
            answered,
            f"Patient/{person.patient}",
            person.user,
            now,
            self._banner(person, person.user).said,
        )
        base, deadline = read_base(person.fhir_base), deadline_in(self.seconds)
        self.writer.create(base, _FORM, msgspec.json.encode(response), person.access_token, deadline)
        return True

    def _asking(self, number: str | None) -> ExplainedTrial:
        """The trial whose form was answered, as the page names it. Raises SignInRefused."""
        asking = [one for one in self.trials if number in (None, one.installation.trial.record.id)]
        if not asking:
            raise SignInRefused(WhyRefused.FORM, "trial")
        return asking[0]

    def source(self, person: SignedInPerson, reference: str) -> dict[str, Any]:
        """One resource. Raises NotFetched."""
        base, deadline = read_base(person.fhir_base), deadline_in(self.seconds)
        return fetch_source(self.server, base, reference, person.access_token, deadline)

    def who(self, person: SignedInPerson) -> dict[str, Any]:
        """Whom the page is about, for its head, its title and the names of its files.

        It stands there whether the record system asks for a banner or not: a window may be left open, and a
        sheet leaves the room.
        """
        banner = self._banner(person, f"Patient/{person.patient}")
        today = self.clock().astimezone(self.trials[0].installation.zone).date()
        return {"banner": banner, "age": banner.age(today), "today": today.isoformat()}

    def signer(self, person: SignedInPerson) -> str:
        """The name under which answers are written: that of the record, else its reference."""
        if person.user is None:
            return ""
        return self._banner(person, person.user).said or person.user

    def _banner(self, person: SignedInPerson, reference: str) -> Banner:
        base, deadline = read_base(person.fhir_base), deadline_in(self.seconds)
        found = fetch_banner(self.server, base, reference, person.access_token, deadline)
        return found or Banner()
