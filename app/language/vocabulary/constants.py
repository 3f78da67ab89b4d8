"""Constants by name: ``pi``, ``e``, ``inf``, ``nan``, those that need a prefix, and those of ``scipy.constants``."""

from __future__ import annotations

import math

BARE: dict[str, float] = {"pi": math.pi, "π": math.pi, "e": math.e, "E": math.e, "inf": math.inf, "nan": math.nan}
"""Constants by bare name, unless an argument has the same name."""

CANONICAL: dict[str, str] = {"e": "E", "π": "pi"}
"""The name under which a constant is known, where it has several."""

BARE_AS_TEXT: dict[str, str] = {name: repr(value) for name, value in BARE.items()}
"""The constants by bare name as text, because JSON has no infinity."""

PREFIXED: dict[str, float] = BARE | {
    "tau": math.tau,
    "oo": math.inf,
    "euler_gamma": 0.57721566490153286061,
    "EulerGamma": 0.57721566490153286061,
    "GoldenRatio": (1 + math.sqrt(5)) / 2,
}
"""Constants that need a prefix (``math.tau``), because people give these names to arguments."""

_OF_NATURE = """
    Avogadro|N_A=6.02214076e+23 Boltzmann|k=1.380649e-23 Btu|Btu_IT=1055.05585262 Btu_th=1054.3502644888888
    G|gravitational_constant=6.6743e-11 Julian_year=31557600.0 Planck|h=6.62607015e-34
    R|gas_constant=8.31446261815324 Rydberg=10973731.568157 Stefan_Boltzmann|sigma=5.6703744191844314e-08
    Wien=0.0028977719551851727 acre=4046.8564223999992 alpha|fine_structure=0.0072973525643 angstrom=1e-10
    arcmin|arcminute=0.0002908882086657216 arcsec|arcsecond=4.84813681109536e-06 astronomical_unit|au=149597870700.0
    atm|atmosphere=101325.0 atomic_mass|m_u|u=1.66053906892e-27 atto=1e-18 bar=100000.0
    barrel|bbl=0.15898729492799998 blob|slinch=175.12683524647636 c|speed_of_light=299792458.0
    calorie|calorie_th=4.184 calorie_IT=4.1868 carat=0.0002 centi=0.01 day=86400.0 deci=0.1
    degree=0.017453292519943295 degree_Fahrenheit=0.5555555555555556 deka=10.0 dyn|dyne=1e-05
    e|eV|electron_volt|elementary_charge=1.602176634e-19 electron_mass|m_e=9.1093837139e-31
    epsilon_0=8.8541878188e-12 erg=1e-07 exa=1e+18 exbi=1.152921504606847e+18 femto|fermi=1e-15
    fluid_ounce|fluid_ounce_US=2.9573529562499998e-05 fluid_ounce_imp=2.84130625e-05 foot=0.30479999999999996
    g|kgf|kilogram_force=9.80665 gallon|gallon_US=0.0037854117839999997 gallon_imp=0.00454609 gibi=1073741824.0
    giga=1000000000.0 golden|golden_ratio=1.618033988749895 grain=6.479891e-05 gram|liter|litre|milli=0.001
    hbar=1.0545718176461565e-34 hectare=10000.0 hecto=100.0 horsepower|hp=745.6998715822701 hour=3600.0 inch=0.0254
    kibi=1024.0 kilo|metric_ton=1000.0 kmh=0.2777777777777778 knot=0.5144444444444445 lb|pound=0.45359236999999997
    lbf|pound_force=4.4482216152605 light_year=9460730472580800.0 long_ton=1016.0469088
    m_n|neutron_mass=1.67492750056e-27 m_p|proton_mass=1.67262192595e-27 mach|speed_of_sound=340.5 mebi=1048576.0
    mega=1000000.0 micro|micron=1e-06 mil=2.5399999999999997e-05 mile=1609.3439999999998 minute=60.0
    mmHg|torr=133.32236842105263 mph=0.44703999999999994 mu_0=1.25663706127e-06 nano=1e-09 nautical_mile=1852.0
    ounce|oz=0.028349523124999998 parsec=3.085677581491367e+16 pebi=1125899906842624.0 peta=1000000000000000.0
    pi=3.141592653589793 pico=1e-12 point|pt=0.00035277777777777776 psi=6894.757293168361 quecto=1e-30 quetta=1e+30
    ronna=1e+27 ronto=1e-27 short_ton=907.1847399999999 slug=14.593902937206364 stone=6.3502931799999995
    survey_foot=0.3048006096012192 survey_mile=1609.3472186944373 tebi=1099511627776.0 tera=1000000000000.0
    ton_TNT=4184000000.0 troy_ounce=0.031103476799999998 troy_pound=0.37324172159999996 week=604800.0
    yard=0.9143999999999999 year=31536000.0 yobi=1.2089258196146292e+24 yocto=1e-24 yotta=1e+24
    zebi=1.1805916207174113e+21 zepto=1e-21 zero_Celsius=273.15 zetta=1e+21
"""
OF_NATURE: dict[str, float] = {
    name: float(value)
    for names, _, value in (each.partition("=") for each in _OF_NATURE.split())
    for name in names.split("|")
}
"""The constants and units of ``scipy.constants``, in the SI: CODATA's values of 2022, whatever SciPy is installed."""
