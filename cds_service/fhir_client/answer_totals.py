"""Did all come that a server counted?"""

from fhir_mappings.readers.bundle import Decoded


def is_short(answer: Decoded) -> bool:
    """Does the server itself count more matches than it sent, with no page to come?

    An entry that holds no resource was sent all the same, and has its gap.
    """
    sent = answer.matches + sum(gap.problem == "ENTRY_WITHOUT_RESOURCE" for gap in answer.gaps)
    return answer.next_link is None and answer.total is not None and sent < answer.total
