"""Texts that would cost much more than their length. The service must count the cost before it pays it."""

LARGE = [
    "**".join(["x"] * 300),
    "(" * 400 + "x" + ")**9" * 400,
    "x" + "*x" * 20_000,
    "+".join(f"sin({n}*x)" for n in range(3_000)),
    "sin(" * 250 + "x" + ")" * 250,
    "where(x>0," * 250 + "x" + ",0)" * 250,
    "max(" * 100 + "x" + ",x)" * 100,
    "sum(x**i for i in range(10**9))",
    "sum(sum(sum(x for i in range(999)) for j in range(999)) for k in range(999))",
    "Sum(x**i, (i, 0, 10**12))",
    "Product(x + i, (i, 1, 10**7))",
    "[[[x for i in range(10**4)] for j in range(10**4)] for k in range(10**4)][0][0][0]",
    "zeros((10**5, 10**5))[0, 0] + x",
    "ones(10**10)[0]*x",
    "outer(arange(10**5), arange(10**5))[0, 0]*x",
    "kron(eye(3000), eye(3000))[0, 0]*x",
    "matrix_power(full((60, 60), x), 10**9)[0, 0]",
    "det(full((40, 40), x))",
    "inv(eye(60)*x)[0, 0]",
    "convolve(arange(10**6), arange(10**6))[0]*x",
    "tile(x, 10**9)[0]",
    "repeat(x, 10**9)[0]",
    "linspace(0, x, 10**9)[0]",
    "def f(x):\n    for i in range(10**9):\n        x = x*x\n    return x",
    "def f(x):\n    for i in range(40):\n        x = x*x + x\n    return x",
    "factorial(10**7)*x",
    "binom(10**9, 5*10**8)*x",
    "gamma(10**8)*x",
    "zeta(1 + 10**-300)*x",
    "2**(10**9)*x",
    "x*10**(10**8)",
    "(x + 1)**(10**9)",
    "(x + 1)**(10**9/7)",
    "4**Rational(111111111111, 7)*x",
    "Rational(13, 10)**(10**7)*x",
    "floor(exp(10**6))*x",
    "sin(10**10**6)*x",
    "x**" * 500 + "2",
    "polygamma(20, x)",
    "jn(20, x)*yn(20, x)*iv(20, x)*kn(20, x)",
    "gammainc(x, gammainc(x, gammainc(x, x)))",
    "betainc(x, x, betainc(x, x, 0.5))",
    "f'{x!r:>{10**9}}'",
    "'a'*10**9",
    "lambda: (yield x)",
]

_SUM = "x" + "+x" * 58_000
_ONES = "1" + "+1" * 20_000
_NAMES = "".join(f"    v{n}=x\n" for n in range(8_000))
_LIST = "def f(x):\n    Y=list(range(10**5))\n"
_CELLS = "def f(x):\n    Y=np.arange(10**5)\n"
_TWICE = "    Y=[Y,Y]\n    Z=[Z,Z]\n" * 40

LONG = ["(" * 500 + _SUM + " if x else x)" * 500, "(" * 500 + _SUM + "+x)" * 500]
"""Long texts that must be read once only."""

REPEATED = [
    "Sum(x," + ",".join(f"(i{n},0,0)" for n in range(8_000)) + ")",
    "[x " + " ".join(f"for i{n} in range(1)" for n in range(5_000)) + "]",
    "sum(" + ",".join(f"a{n}=x" for n in range(12_000)) + ")",
    f"def f(x):\n{_NAMES}    return sum(0 for i in range(40000) for j in range(1))+x",
    f"def f(x):\n{_NAMES}    return Sum(0,(j,1,1),(i,1,100000))+x",
    f"def f(x):\n{_NAMES}    for i in range(50000):\n        if x>i: v1=x\n    return x",
    f"def f(x):\n    Y=[x]\n    Z=[1]\n{_TWICE}    if x>0: Y=Z\n    return x",
    "def f(x):\n    Y=[x]\n" + "    Y=[Y]\n" * 4_000 + "    return np.array(Y)",
    _LIST + "    Z=Y[1:]\n" * 8_000 + "    return x",
    _LIST + "    Z=enumerate(Y)\n" * 6_000 + "    return x",
    _CELLS + "    Z=list(Y)\n" * 8_000 + "    return x",
    "sum(1 for row in np.zeros((10**9, 0)))*x",
    f"[x for i in range(10**5) if {_ONES}>i][0]",
    f"sum(x for i in range(10**5) for j in range({_ONES}-{_ONES}))",
    f"Sum(x,(j,1,{_ONES}-20001),(i,1,10**5))",
    f"def f(x):\n    for i in range(10**5):\n        if 1>0:\n            y={_ONES}\n    return x",
    "sum(jn(20,x) for i in range(10**5))",
]
"""Cheap steps, repeated so often that they are expensive."""

CHAINS = [
    f"Sum(x,(j,1,{'1' + '*1/1' * 10_000}-1),(i,1,10**5))",
    f"Sum(x,(j,1,{'1' + '**1' * 150}-1),(i,1,10**5))",
    f"Sum(x,(j,1,max({'1,' * 20_000}1)-1),(i,1,10**5))",
]
"""The same with chains other than sums: seconds each, so they are read once, not sent by every way at once."""

FOLDED = [
    _CELLS + "    Z=np.roll(Y,1)\n" * 6_000 + "    return x",
    "def f(x):\n    Y=np.reshape(np.arange(90000),(300,300))\n" + "    Z=np.tril(Y)\n" * 6_000 + "    return x",
]
"""Large known arrays, moved again and again: they are folded up to a number of elements, then nodes."""

TEXTS = LARGE + LONG + REPEATED + FOLDED
