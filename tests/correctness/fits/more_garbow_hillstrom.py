"""The 35 problems of Moré, Garbow and Hillstrom (1981) as residuals: least squares, sums of squares and equations.

Source: J. J. Moré, B. S. Garbow, K. E. Hillstrom, Testing unconstrained optimization software, ACM Transactions on
Mathematical Software 7 (1981) 17-41, with the standard starts. The published minima of the sum of squares have six
digits; those of problems 6, 16, 32, 33 and 34 are for the number of residuals given there. Minima that the paper
leaves out and later authors found are listed after those that it has. ``start_values`` are sums of squares, to six
digits.
"""

from tests.correctness.fits import Problem

_BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)
_GAUSSIAN_HALF = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521)
_MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)
_KOWALIK_Y = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
_KOWALIK_U = (4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)
# fmt: off
_OSBORNE_1 = (
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
)
_OSBORNE_2 = (
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
    0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
    0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
    0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
    0.054,
)
# fmt: on


def _count(n: int) -> tuple[float, ...]:
    return tuple(float(i) for i in range(1, n + 1))


_TENTHS = tuple(i / 11 for i in range(1, 11))
"""The inner points of a grid of 10 steps more than points: t of problems 28 and 29, the start of problem 35."""
_GRID = tuple(t * (t - 1) for t in _TENTHS)


def _row(
    name: str,
    expression: str,
    start: tuple[float, ...],
    start_value: float,
    *minima: float,
    **data: tuple[float, ...],
) -> Problem:
    return Problem(name, expression, ({"x": start},), minima, data, start_values=(start_value,))


PROBLEMS = (
    _row("1 Rosenbrock", "[10*(x[1] - x[0]**2), 1 - x[0]]", (-1.2, 1), 24.2, 0),
    _row(
        "2 Freudenstein and Roth",
        "[-13 + x[0] + ((5 - x[1])*x[1] - 2)*x[1], -29 + x[0] + ((x[1] + 1)*x[1] - 14)*x[1]]",
        (0.5, -2),
        400.5,
        0,
        48.9842,
    ),
    _row("3 Powell badly scaled", "[1e4*x[0]*x[1] - 1, exp(-x[0]) + exp(-x[1]) - 1.0001]", (0, 1), 1.13526, 0),
    _row("4 Brown badly scaled", "[x[0] - 1e6, x[1] - 2e-6, x[0]*x[1] - 2]", (1, 1), 9.99998e11, 0),
    _row("5 Beale", "y - x[0]*(1 - x[1]**k)", (1, 1), 14.2031, 0, y=(1.5, 2.25, 2.625), k=(1, 2, 3)),
    _row("6 Jennrich and Sampson", "2 + 2*i - (exp(i*x[0]) + exp(i*x[1]))", (0.3, 0.4), 4171.31, 124.362, i=_count(10)),
    _row(
        "7 Helical valley",
        "[10*(x[2] - 10*(arctan(x[1]/x[0])/(2*pi) + where(x[0] < 0, 0.5, 0))), 10*(sqrt(x[0]**2 + x[1]**2) - 1), x[2]]",
        (-1, 0, 0),
        2500,
        0,
    ),
    _row(
        "8 Bard",
        "y - (x[0] + u/((16 - u)*x[1] + np.minimum(u, 16 - u)*x[2]))",
        (1, 1, 1),
        41.6817,
        8.21487e-3,
        17.4286,
        u=_count(15),
        y=_BARD,
    ),
    _row(
        "9 Gaussian",
        "x[0]*exp(-x[1]*((8 - i)/2 - x[2])**2/2) - y",
        (0.4, 1, 0),
        3.88811e-6,
        1.12793e-8,
        i=_count(15),
        y=(*_GAUSSIAN_HALF, 0.3989, *_GAUSSIAN_HALF[::-1]),
    ),
    _row(
        "10 Meyer",
        "x[0]*exp(x[1]/(45 + 5*i + x[2])) - y",
        (0.02, 4000, 250),
        1.69361e9,
        87.9458,
        i=_count(16),
        y=_MEYER,
    ),
    _row(
        "11 Gulf research and development",
        "exp(-abs(25 + (-50*log(i/100))**(2/3) - x[1])**x[2]/x[0]) - i/100",
        (5, 2.5, 0.15),
        12.1107,
        0,
        i=_count(99),
    ),
    _row(
        "12 Box three-dimensional",
        "exp(-0.1*i*x[0]) - exp(-0.1*i*x[1]) - x[2]*(exp(-0.1*i) - exp(-i))",
        (0, 10, 20),
        1031.15,
        0,
        i=_count(10),
    ),
    _row(
        "13 Powell singular",
        "[x[0] + 10*x[1], sqrt(5)*(x[2] - x[3]), (x[1] - 2*x[2])**2, sqrt(10)*(x[0] - x[3])**2]",
        (3, -1, 0, 1),
        215,
        0,
    ),
    _row(
        "14 Wood",
        "[10*(x[1] - x[0]**2), 1 - x[0], sqrt(90)*(x[3] - x[2]**2), 1 - x[2],"
        " sqrt(10)*(x[1] + x[3] - 2), (x[1] - x[3])/sqrt(10)]",
        (-3, -1, -3, -1),
        19192,
        0,
    ),
    _row(
        "15 Kowalik and Osborne",
        "y - x[0]*(u**2 + u*x[1])/(u**2 + u*x[2] + x[3])",
        (0.25, 0.39, 0.415, 0.39),
        5.31317e-3,
        3.07505e-4,
        1.02734e-3,
        y=_KOWALIK_Y,
        u=_KOWALIK_U,
    ),
    _row(
        "16 Brown and Dennis",
        "(x[0] + t*x[1] - exp(t))**2 + (x[2] + x[3]*sin(t) - cos(t))**2",
        (25, 5, -5, -1),
        7.92669e6,
        85822.2,
        t=tuple(i / 5 for i in range(1, 21)),
    ),
    _row(
        "17 Osborne 1",
        "y - (x[0] + x[1]*exp(-t*x[3]) + x[2]*exp(-t*x[4]))",
        (0.5, 1.5, -1, 0.01, 0.02),
        0.879026,
        5.46489e-5,
        t=tuple(10.0 * i for i in range(33)),
        y=_OSBORNE_1,
    ),
    _row(
        "18 Biggs EXP6",
        "x[2]*exp(-t*x[0]) - x[3]*exp(-t*x[1]) + x[5]*exp(-t*x[4]) - (exp(-t) - 5*exp(-10*t) + 3*exp(-4*t))",
        (1, 2, 1, 1, 1, 1),
        0.779070,
        0,
        5.65565e-3,
        t=tuple(i / 10 for i in range(1, 14)),
    ),
    _row(
        "19 Osborne 2",
        "y - (x[0]*exp(-t*x[4]) + x[1]*exp(-(t - x[8])**2*x[5])"
        " + x[2]*exp(-(t - x[9])**2*x[6]) + x[3]*exp(-(t - x[10])**2*x[7]))",
        (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5),
        2.09342,
        4.01377e-2,
        t=tuple(i / 10 for i in range(65)),
        y=_OSBORNE_2,
    ),
    *(
        _row(
            f"20 Watson, n = {n}",
            "[sum(j*x[j]*(i/29)**(j - 1) for j in range(1, len(x)))"
            " - sum(x[j]*(i/29)**j for j in range(len(x)))**2 - 1 for i in range(1, 30)]"
            " + [x[0], x[1] - x[0]**2 - 1]",
            (0,) * n,
            30,
            minimum,
        )
        for n, minimum in ((6, 2.28767e-3), (9, 1.39976e-6), (12, 4.72238e-10))
    ),
    _row(
        "21 Extended Rosenbrock",
        "np.concatenate([10*(x[1::2] - x[::2]**2), 1 - x[::2]])",
        (-1.2, 1) * 5,
        121,
        0,
    ),
    _row(
        "22 Extended Powell singular",
        "np.concatenate([x[::4] + 10*x[1::4], sqrt(5)*(x[2::4] - x[3::4]),"
        " (x[1::4] - 2*x[2::4])**2, sqrt(10)*(x[::4] - x[3::4])**2])",
        (3, -1, 0, 1) * 3,
        645,
        0,
    ),
    *(
        _row(
            f"23 Penalty I, n = {n}",
            "np.append(sqrt(1e-5)*(x - 1), np.sum(x**2) - 0.25)",
            _count(n),
            value,
            minimum,
        )
        for n, value, minimum in ((4, 885.063, 2.24997e-5), (10, 148032.566, 7.08765e-5))
    ),
    *(
        _row(
            f"24 Penalty II, n = {n}",
            "np.concatenate([[x[0] - 0.2],"
            " sqrt(1e-5)*(exp(x[1:]/10) + exp(x[:-1]/10) - exp(i[1:]/10) - exp(i[:-1]/10)),"
            " sqrt(1e-5)*(exp(x[1:]/10) - exp(-1/10)), [np.sum((len(x) + 1 - i)*x**2) - 1]])",
            (0.5,) * n,
            value,
            minimum,
            i=_count(n),
        )
        for n, value, minimum in ((4, 2.34001, 9.37629e-6), (10, 162.653, 2.93660e-4))
    ),
    _row(
        "25 Variably dimensioned",
        "np.concatenate([x - 1, [np.sum(i*(x - 1)), np.sum(i*(x - 1))**2]])",
        tuple(1 - i / 10 for i in range(1, 11)),
        2198551.1625,
        0,
        i=_count(10),
    ),
    _row(
        "26 Trigonometric",
        "len(x) - np.sum(cos(x)) + i*(1 - cos(x)) - sin(x)",
        (0.1,) * 10,
        7.07576e-3,
        0,
        2.79506e-5,
        i=_count(10),
    ),
    _row(
        "27 Brown almost-linear",
        "np.append(x[:-1] + np.sum(x) - (len(x) + 1), np.prod(x) - 1)",
        (0.5,) * 10,
        273.248,
        0,
        1,
    ),
    _row(
        "28 Discrete boundary value",
        "2*x - np.append(0, x[:-1]) - np.append(x[1:], 0) + (1/11)**2*(x + t + 1)**3/2",
        _GRID,
        7.88519e-4,
        0,
        t=_TENTHS,
    ),
    _row(
        "29 Discrete integral equation",
        "x + (np.where(t[:, None] >= t, (1 - t[:, None])*t, t[:, None]*(1 - t)) @ (x + t + 1)**3)/22",
        _GRID,
        6.34168e-2,
        0,
        t=_TENTHS,
    ),
    _row(
        "30 Broyden tridiagonal",
        "(3 - 2*x)*x - np.append(0, x[:-1]) - 2*np.append(x[1:], 0) + 1",
        (-1,) * 10,
        21,
        0,
    ),
    _row(
        "31 Broyden banded",
        "x*(2 + 5*x**2) + 1 - (np.tri(10, 10, 1) - np.tri(10, 10, -6) - np.eye(10)) @ (x*(1 + x))",
        (-1,) * 10,
        360,
        0,
    ),
    _row(
        "32 Linear, full rank",
        "np.append(x - 2*np.sum(x)/20 - 1, (-2*np.sum(x)/20 - 1)*np.ones(10))",
        (1,) * 10,
        50,
        10,
    ),
    _row("33 Linear, rank 1", "i*np.sum(np.arange(1, 11)*x) - 1", (1,) * 10, 8658670, 20 * 19 / (2 * 41), i=_count(20)),
    _row(
        "34 Linear, rank 1 with zero columns and rows",
        "i*np.sum(np.arange(2, 10)*x[1:-1]) - 1",
        (1,) * 10,
        4067996,
        (20**2 + 3 * 20 - 6) / (2 * 37),
        i=(0, *_count(18), 0),
    ),
    *(
        _row(
            f"35 Chebyquad, n = {n}",
            "[np.mean(chebyshevt(k, 2*x - 1)) + ((k + 1) % 2)/(k**2 - 1 + k % 2) for k in range(1, len(x) + 1)]",
            tuple(i / (n + 1) for i in range(1, n + 1)),
            value,
            *minima,
        )
        for n, value, minima in (
            (7, 3.37706e-2, (0,)),
            (8, 3.86177e-2, (3.51687e-3,)),
            (9, 2.88830e-2, (0,)),
            (10, 3.37633e-2, (4.77271e-3, 6.50395e-3)),
        )
    ),
)
