"""Threads at the gate of the database: how many are inside, who comes next, and that slow work stops nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from registers.gate import Gate

LONG = 60.0  # a patience that no test reaches


def test_never_more_inside_than_the_gate_is_wide() -> None:
    gate, lock = Gate(3, LONG), threading.Lock()
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with gate.passing():
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    assert most == 3


def test_whoever_comes_first_goes_in_first() -> None:
    gate, order = Gate(1, LONG), []

    def work(number: int) -> None:
        with gate.passing():
            order.append(number)

    with gate.passing():
        threads = []
        for number in range(6):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            _until(lambda expected=number + 1: len(gate._waiting) == expected)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]


def test_slow_work_inside_delays_others_and_does_not_stop_them() -> None:
    gate = Gate(1, 0.05)
    with gate.passing(), gate.passing():  # the second one would wait for its own thread
        pass
    with gate.passing():  # both have left: the one place is free again, and there is but one
        assert gate._places == 0
    assert gate._places == 1 and not gate._waiting


def test_an_error_inside_gives_the_place_back() -> None:
    gate = Gate(1, LONG)
    with pytest.raises(KeyError), gate.passing():
        raise KeyError
    with gate.passing():
        pass


def _until(said: Callable[[], bool]) -> None:
    for _ in range(2000):
        if said():
            return
        time.sleep(0.001)
    raise AssertionError("it never came to that")
