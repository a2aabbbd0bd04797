"""Which trials a site serves: `trials` of a site file, by the modules that declare them."""

from collections import Counter
from collections.abc import Iterator

from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials.trial_interface import Trial, trial_in
from fhir_mappings.readers.arm_text import ArmTexts


def trials_faults(modules: tuple[str, ...]) -> Iterator[str]:
    """None at all, one twice, what cannot be imported or declares no trial; and two that are called alike."""
    if not modules:
        yield "trials: must name a module of one trial at least"
    if len(set(modules)) < len(modules):
        yield "trials: names one twice"
    found = []
    for module in dict.fromkeys(modules):
        try:
            found.append(trial_in(module))
        except (ImportError, AttributeError) as error:
            yield f"trials: {module!r} declares no trial ({error})"
        except ProtocolTextFault as error:
            yield from (f"trials: {module!r}: {fault}" for fault in error.faults)

    yield from _alike(found)


def _alike(trials: list[Trial]) -> Iterator[str]:
    """Lists, alarms and pages are kept apart by a trial's number, answers by the address of its form."""
    numbers = Counter(one.record.id.casefold() for one in trials)
    forms = Counter(one.form_address for one in trials if one.form_address)
    yield from (
        f"trials: several have the number {name.upper()}" for name, times in numbers.items() if times > 1
    )
    yield from (f"trials: several have the form {address}" for address, times in forms.items() if times > 1)


def arms_of_first(modules: tuple[str, ...], faults: list[str]) -> ArmTexts:
    """The arms of the first trial, which a site's own arm texts are of.

    What is wrong with `modules` goes to `faults`; then no arm is known.
    """
    found = list(trials_faults(modules))
    faults += found
    return ArmTexts() if found else trial_in(modules[0]).arm_texts
