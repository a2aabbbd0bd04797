"""The candidates' charts judged as at the bedside: one patient's lines -> one summary and one assessment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cds_service.chart.concern import may_have_disease
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.as_of import AsOf
from cds_service.screening.deletions import Deleted, NumberedLine, remaining
from cds_service.screening.stays import last_stay_of
from cds_service.screening.summary import PatientSummary, summary_of
from cds_service.services.chart_file import FileChart, Rulebook, assessment_by, chart_of_lines
from fhir_mappings.readers.read_record import read_record


class CandidateChart(msgspec.Struct, frozen=True):
    """One patient's lines of the export, each with its number in its file."""

    patient: str
    lines: tuple[NumberedLine, ...]


class ChartBatch(msgspec.Struct, frozen=True):
    """Some patients who are judged together."""

    key: str
    charts: tuple[CandidateChart, ...]


class Judged(msgspec.Struct, frozen=True):
    """What is said of one patient. Without evidence of the trial's disease there is no assessment."""

    summary: PatientSummary
    assessment: bytes | None


@dataclass(frozen=True, slots=True)
class Judge:
    """The rules, the moment, the lines of which nobody can tell whose they are, and what was deleted."""

    rules: Rulebook
    now: AsOf
    adrift: tuple[NumberedLine, ...] = ()
    deleted: Deleted = field(default_factory=dict)

    def __call__(self, batch: ChartBatch) -> tuple[str, list[Judged]]:
        """The key of the batch, and each of its patients of whom anything is left."""
        charts = (
            CandidateChart(chart.patient, remaining(chart.lines, self.deleted)) for chart in batch.charts
        )
        return batch.key, [self.judged(chart) for chart in charts if chart.lines]

    def judged(self, chart: CandidateChart) -> Judged:
        """One patient. Whoever is on the list is judged with what may be theirs, too (DECISIONS 49)."""
        file_chart = chart_of_lines(chart.lines, chart.patient)
        assessment = self._assessment(file_chart)
        stay = last_stay_of((text for _, text in chart.lines), self.now, self.rules.reader.zone)
        summary = summary_of(assessment, stay)
        if summary.is_on_the_list and self.adrift:
            assessment = self._assessment(chart_of_lines((*chart.lines, *self.adrift), chart.patient))
            summary = summary_of(assessment, stay)
        if summary.status is EligibilityStatus.NOT_A_CANDIDATE and not self._has_evidence(file_chart):
            return Judged(nobody(chart.patient), None)
        return Judged(summary, msgspec.json.encode(assessment))

    def _assessment(self, chart: FileChart) -> dict[str, Any]:
        return assessment_by(self.rules, chart, chart.drafts, self.now)

    def _has_evidence(self, chart: FileChart) -> bool:
        record = read_record(
            chart.resources,
            chart.patient_id,
            self.now.instant,
            self.rules.reader,
            chart.unavailable,
            chart.gaps,
            chart.home,
        )
        return may_have_disease(self.rules.trial.disease, record)


def nobody(patient: str) -> PatientSummary:
    """Somebody without any evidence of the trial's disease; `patient` is an id."""
    return PatientSummary(f"Patient/{patient}", EligibilityStatus.NOT_A_CANDIDATE)


def batches(charts: Iterable[CandidateChart], most: int, key: str) -> Iterator[ChartBatch]:
    """The charts, at most so many together."""
    held: list[CandidateChart] = []
    number = 0
    for chart in charts:
        held.append(chart)
        if len(held) == most:
            yield ChartBatch(f"{key}-{number}", tuple(held))
            held, number = [], number + 1
    if held:
        yield ChartBatch(f"{key}-{number}", tuple(held))
