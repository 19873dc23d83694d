"""What is told of telephone numbers without the library is what the library says."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.transforms.values.phone import _one
from pipelines.transforms.values.plain_phones import plain_phones

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (*range(10), phonenumbers.PhoneNumberType.UAN, phonenumbers.PhoneNumberType.VOICEMAIL)
FORMS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
)


def written(region: str) -> list[str]:
    """Numbers of all kinds that a region has, in all forms."""
    numbers = [phonenumbers.example_number_for_type(region, kind) for kind in KINDS]
    return [phonenumbers.format_number(number, form) for number in numbers if number for form in FORMS]


@pytest.mark.parametrize("region", REGIONS)
def test_examples_of_every_region_are_told_as_the_library_tells_them(region: str) -> None:
    plain = plain_phones(region)
    for text in written(region):
        assert plain(text) in (None, _one(text, region))


def test_most_ordinary_numbers_are_told() -> None:
    for region in ("US", "DE", "GB", "FR", "IT", "ES", "CH", "AT", "NL", "PL", "IN", "JP"):
        plain = plain_phones(region)
        told = [plain(text) is not None for text in written(region)]
        assert sum(told) >= 0.6 * len(told), region


@given(data=st.data(), region=st.sampled_from(["US", "US", "DE", "GB", "IT", "RU", "FR", "BR", "AR", "MX", *REGIONS]))
def test_whatever_is_told_the_library_says_too(data: st.DataObject, region: str) -> None:
    digits = st.text("0123456789", max_size=12)
    beginning = st.sampled_from(
        ["", "+", "0", "00", "1", "8", "810", "011", f"+{phonenumbers.country_code_for_region(region)}"]
    )
    text = data.draw(
        st.one_of(
            st.builds(str.__add__, beginning, digits),
            st.builds(
                _changed,
                st.sampled_from(written(region)),
                st.integers(0, 20),
                st.text("0123456789 ()+./-x", max_size=2),
            ),
        )
    )
    assert plain_phones(region)(text) in (None, _one(text, region))


def _changed(text: str, at: int, other: str) -> str:
    """Put something in the place of a character."""
    return text[:at] + other + text[at + 1 :]
