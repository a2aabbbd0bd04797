"""A draft of another drug: interactions by class, bleeding with few platelets, live vaccines."""

from collections.abc import Iterator

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action as Asks
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.orders.order_context import OrderContext
from cds_service.trials.nct06802055.patient_state.interaction_findings import (
    PairTold,
    live_vaccine,
    pair_alerts,
    perhaps_live,
)
from cds_service.trials.nct06802055.patient_state.interactions import Mechanism
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Result

_BLEEDING = frozenset({Concept.NSAID, Concept.ANTIPLATELET, Concept.ANTICOAGULANT})
_FAILING = frozenset({RenalState.WATCH, RenalState.IMPAIRED, RenalState.AKI})


def interacting(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """Contraindicated and "avoid" pairs warn or interrupt, caution informs; a nephrotoxic drug warns
    while ciclosporin is on board and the kidney is failing."""
    if draft.systemic is False:
        return
    for name in sorted(draft.ingredients & desk.table.keys()):
        interaction = desk.table[name]
        where = say("interactions.drafted", name=draft.text)
        told = PairTold(desk.rules, desk.limits.critical_partner_level, drafted=True)
        for alert in pair_alerts(interaction, desk.drugs, where, (), told):
            urgent = interaction.mechanism is Mechanism.NEPHROTOXIC and desk.renal.standing in _FAILING
            louder = urgent and alert.severity is Severity.INFO
            yield replace(
                alert,
                order=draft.reference,
                severity=Severity.WARNING if louder else alert.severity,
                seen=say("orders.nephrotoxic", pair=alert.seen, renal=desk.renal.seen)
                if louder
                else alert.seen,
                evidence=desk.renal.evidence if louder else alert.evidence,
            )


def bleeding(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """An NSAID, antiplatelet drug or anticoagulant with platelets that are, or may be, below 50."""
    if draft.systemic is False or not draft.concepts & _BLEEDING:
        return
    last = _last_platelets(desk)
    if last is None or last.when is None or last.below(desk.limits.platelets_low) is False:
        return
    seen = say("orders.platelets", name=draft.text, value=last.number, day=last.when.last)
    evidence = [Evidence(last.reference, last.when.text, last.number, "10*9/L")]
    yield desk.alert("ORD-PLT", Severity.WARNING, Asks.AVOID, seen, draft, None, evidence)


def _last_platelets(desk: OrderContext) -> Result | None:
    counts = [r for r in desk.record.usable(Analyte.PLATELETS) if r.when and r.when.first <= desk.day]
    return max(counts, key=lambda r: (r.when.last if r.when else desk.day, r.reference), default=None)


def second_of_its_class(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """Everolimus or temsirolimus beside sirolimus: the same target twice."""
    if draft.systemic is not False and Concept.MTOR_OTHER in draft.concepts:
        seen = say("orders.mtor", name=draft.text)
        yield desk.alert("ORD-MTOR", Severity.WARNING, Asks.AVOID, seen, draft, Drug.SIROLIMUS)


def vaccine(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """A live vaccine interrupts, whatever its route; one that may be live warns."""
    if Concept.LIVE_VACCINE in draft.concepts:
        yield replace(live_vaccine(draft.text, Severity.CRITICAL, (), desk.rules), order=draft.reference)
    elif Concept.LIVE_VACCINE_POSSIBLE in draft.concepts:
        yield replace(perhaps_live(draft.text, Severity.WARNING, (), desk.rules), order=draft.reference)
