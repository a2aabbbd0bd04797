"""One call computes at a time; who waits outside lets others go on, but not everybody may wait at once."""

import threading

import pytest

from cds_service.fhir_client.compute_turns import TooManyWait, Turns, waiting_outside

FAR, OTHER = "https://ehr.example/fhir", "https://other.example:8443/fhir"


def aside(act):
    """Run it in a thread of its own."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_a_call_waits_until_the_turn_is_given_back():
    freed, order = [], []
    turns = Turns(lambda: freed.append(turns.is_free))

    def other():
        with turns.mine():
            order.append("other")

    with turns.mine():
        assert not turns.is_free
        thread = aside(other)
        thread.join(0.05)
        order.append("first")
    thread.join(5)
    assert order == ["first", "other"]
    assert len(freed) == 2
    assert turns.is_free


def test_who_waits_outside_lets_others_go_on_and_has_the_turn_again_afterwards():
    turns, done = Turns(lambda: None), threading.Event()

    def other():
        with turns.mine():
            done.set()

    with turns.mine():
        with waiting_outside():
            aside(other)
            assert done.wait(5)
        assert not turns.is_free
    assert turns.is_free


def test_waiting_within_waiting_gives_the_turn_up_once():
    turns = Turns(lambda: None)
    with turns.mine(), waiting_outside(), waiting_outside(FAR):
        assert turns.is_free
        with turns.mine():
            pass
    assert turns.is_free


def test_a_fault_outside_gives_nothing_away():
    turns = Turns(lambda: None, most=1)
    with turns.mine():
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), waiting_outside(FAR):
                raise ZeroDivisionError
            assert not turns.is_free
    with pytest.raises(ZeroDivisionError), turns.mine():
        raise ZeroDivisionError
    assert turns.is_free


def test_a_program_without_turns_just_waits():
    with waiting_outside(FAR):
        pass


@pytest.mark.parametrize(
    ("waiting", "asked", "refused"),
    [
        ([FAR], FAR, False),
        ([FAR, FAR], FAR, True),
        ([FAR, f"{FAR}/other/path"], FAR, True),
        ([FAR, FAR], OTHER, False),
        ([FAR, FAR], None, False),
        ([FAR, OTHER, OTHER], FAR, True),
        ([None, None], None, False),
        ([None, None, None], None, True),
    ],
)
def test_only_so_many_wait_for_one_host_and_in_all(waiting, asked, refused):
    turns = Turns(lambda: None, most=3, most_for_one_host=2)
    end, ready = threading.Event(), threading.Semaphore(0)

    def wait(address):
        with turns.mine(), waiting_outside(address):
            ready.release()
            end.wait(5)

    threads = [aside(lambda address=address: wait(address)) for address in waiting]
    for _ in threads:
        assert ready.acquire(timeout=5)
    with turns.mine():
        try:
            with waiting_outside(asked):
                outcome = False
        except TooManyWait:
            outcome = True
    end.set()
    for thread in threads:
        thread.join(5)
    assert outcome is refused
    with turns.mine(), waiting_outside(asked):
        pass  # and afterwards there is room
