"""Lock numbers: the same everywhere, one per name, within the range of a bigint."""

from __future__ import annotations

from datetime import date

from etl_core.postgres.locks import lock_number


def test_numbers_are_stable_and_tell_names_apart() -> None:
    names = [
        ("run", file, date(2026, 1, day), hour) for file in range(20) for day in range(1, 20) for hour in range(24)
    ]
    numbers = {lock_number(*name) for name in names}
    assert len(numbers) == len(names)
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert lock_number("run", 1, date(2026, 1, 4), 12) == -1936367342789496434
    assert lock_number("a", "b") != lock_number("ab")
