"""The units that are read, each in the first of its kind. All factors are exact by definition."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: so many of it, times `factor` and `offset` more, are as many of the first unit of its kind."""

    kind: str
    symbol: str
    factor: Fraction
    offset: Fraction = Fraction(0)


def _unit(kind: str, symbol: str, factor: str, offset: Fraction | None = None) -> Unit:
    return Unit(kind, symbol, Fraction(factor), offset or Fraction(0))


_INCH: Final = Fraction("0.0254")
_FAHRENHEIT: Final = Fraction(5, 9)

#: Units with their other spellings, all of them in small letters, without spaces, dots and degree signs.
_SPELLINGS: Final[tuple[tuple[Unit, str], ...]] = (
    (_unit("mass", "g", "1"), "gram grams gr"),
    (_unit("mass", "mg", "0.001"), "milligram milligrams"),
    (_unit("mass", "kg", "1000"), "kgs kilo kilos kilogram kilograms"),
    (_unit("mass", "t", "1000000"), "tonne tonnes"),
    (_unit("mass", "oz", "28.349523125"), "ounce ounces"),
    (_unit("mass", "lb", "453.59237"), "lbs pound pounds"),
    (_unit("length", "m", "1"), "meter meters metre metres"),
    (_unit("length", "mm", "0.001"), "millimeter millimeters millimetre millimetres"),
    (_unit("length", "cm", "0.01"), "centimeter centimeters centimetre centimetres"),
    (_unit("length", "km", "1000"), "kms kilometer kilometers kilometre kilometres"),
    (Unit("length", "in", _INCH), "inch inches"),
    (Unit("length", "ft", 12 * _INCH), "foot feet"),
    (Unit("length", "yd", 36 * _INCH), "yds yard yards"),
    (Unit("length", "mi", 63_360 * _INCH), "mile miles"),
    (_unit("length", "nmi", "1852"), "nauticalmile nauticalmiles"),
    (_unit("area", "m2", "1"), "sqm"),
    (_unit("area", "km2", "1000000"), "sqkm"),
    (_unit("area", "ha", "10000"), "hectare hectares"),
    (Unit("area", "ft2", (12 * _INCH) ** 2), "sqft"),
    (Unit("area", "mi2", (63_360 * _INCH) ** 2), "sqmi"),
    (Unit("area", "acre", 43_560 * (12 * _INCH) ** 2), "acres ac"),
    (_unit("volume", "l", "1"), "liter liters litre litres"),
    (_unit("volume", "ml", "0.001"), "milliliter milliliters millilitre millilitres"),
    (_unit("volume", "m3", "1000"), "cbm"),
    (Unit("volume", "gal", 231_000 * _INCH**3), "gallon gallons"),
    (Unit("volume", "ft3", 1000 * (12 * _INCH) ** 3), "cuft"),
    (_unit("duration", "s", "1"), "sec secs second seconds"),
    (_unit("duration", "ms", "0.001"), "millisecond milliseconds"),
    (_unit("duration", "min", "60"), "mins minute minutes"),
    (_unit("duration", "h", "3600"), "hr hrs hour hours"),
    (_unit("duration", "d", "86400"), "day days"),
    (_unit("speed", "m/s", "1"), "mps"),
    (Unit("speed", "km/h", Fraction(10, 36)), "kmh kph"),
    (_unit("speed", "mph", "0.44704"), "mi/h"),
    (Unit("speed", "kn", Fraction(1852, 3600)), "kt kts knot knots"),
    (_unit("temperature", "K", "1"), "kelvin"),
    (_unit("temperature", "C", "1", Fraction("273.15")), "celsius"),
    (Unit("temperature", "F", _FAHRENHEIT, Fraction("459.67") * _FAHRENHEIT), "fahrenheit"),
)

#: By the symbol that a definition names.
UNITS: Final = {unit.symbol: unit for unit, _ in _SPELLINGS}
#: By kind, and within it by any spelling.
SPELLINGS: Final = {
    kind: {
        spelling: unit
        for unit, others in _SPELLINGS
        if unit.kind == kind
        for spelling in (unit.symbol.lower(), *others.split())
    }
    for kind in dict.fromkeys(unit.kind for unit, _ in _SPELLINGS)
}
