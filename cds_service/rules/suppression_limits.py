"""How often the same advice is given: the reviewed limits. `store.restraint` settles what they hold back."""

import msgspec


class Restraint(msgspec.Struct, frozen=True):
    """Days; `quiet_states` are those in which any reaction to a card counts as an acknowledgement."""

    trial_card_days: int
    acknowledged_days: int
    quiet_states: tuple[str, ...]
