"""Words that only the definitions of distributions call: logarithms of densities that do not cancel.

For large parameters the logarithms of gamma functions are large and cancel. What is left of them is Stirling's
remainder (NIST DLMF 5.11) and deviances, as in C. Loader, Fast and Accurate Computation of Binomial Probabilities
(2000).
"""

from __future__ import annotations

from app.language.vocabulary.word import Word, defined

_WORDS: tuple[Word, ...] = (
    defined("lambda n: n * log(2*pi)", "times_log_two_pi", doc="n * log(2*pi)"),
    defined(
        "lambda x: (0.083333333333333333 - (0.0027777777777777778 - (0.00079365079365079365 - (0.00059523809523809524"
        " - (0.00084175084175084175 - (0.0019175269175269175 - 0.0064102564102564103/x**2)/x**2)/x**2)/x**2)/x**2)"
        "/x**2)/x",
        "stirling_rest",
        doc="lgamma(x) - ((x - 1/2)*log(x) - x + log(2*pi)/2) for x >= 16",
    ),
    defined(
        "lambda c, s: (log(c) if c > 1e-290 else nan*c) if c < 0.5 else log1p(-s)",
        "log_part",
        doc="log(c) of two numbers with c + s = 1; nan where c is too small",
    ),
    defined(
        "lambda x: log1p(x**2) if abs(x) < 1e8 else 2*log(abs(x))", "log1p_square", doc="log(1 + x**2) without overflow"
    ),
    defined(
        "lambda x: log(x) if x < 1e-17 else log1mexp(x)", "log_rise", doc="log(1 - exp(-x)), also of the smallest x > 0"
    ),
    defined(
        "lambda a, x: xlogy(a - 1, x) - x - lgamma(a) if a < 16 else"
        " log(a/6.283185307179586477)/2 - log(x) - kl_div(a, x) - stirling_rest(a)",
        "log_gamma_density",
        doc="log of x**(a-1) * exp(-x) / gamma(a)",
    ),
    defined(
        "lambda k, mu: xlogy(k, mu) - mu - lgamma(k + 1) if k < 16 else"
        " -log(6.283185307179586477*k)/2 - kl_div(k, mu) - stirling_rest(k)",
        "log_poisson",
        doc="log of mu**k * exp(-mu) / k!",
    ),
    defined(
        "lambda a, b, x, y: log(a/(a + b)*b/6.283185307179586477)/2 - log(x) - log(y)"
        " - kl_div(a, (a + b)*x) - kl_div(b, (a + b)*y) - stirling_rest(a) - stirling_rest(b) + stirling_rest(a + b)"
        " if logical_and(min(a, b) >= 16, x > 0, y > 0) else"
        " (xlogy(a - 1, x) if x < 0.5 else xlog1py(a - 1, -y)) + (xlogy(b - 1, y) if y < 0.5 else xlog1py(b - 1, -x))"
        " - betaln(a, b)",
        "log_beta_density",
        doc="log of x**(a-1) * y**(b-1) / beta(a, b) for x + y = 1",
    ),
    defined(
        "lambda a, b: log_ndtr(-a) + log1mexp(log_ndtr(-a) - log_ndtr(-b)) if a > 0 else"
        " (log_ndtr(b) + log1mexp(log_ndtr(b) - log_ndtr(a)) if b < 0 else"
        " log(erf(0.70710678118654752*b)/2 - erf(0.70710678118654752*a)/2))",
        "log_normal_mass",
        doc="log(ndtr(b) - ndtr(a)), a < b",
    ),
    defined("lambda p, q: exp(p) if p < q else -expm1(q)", "share_of", doc="exp(p), where exp(p) + exp(q) is 1"),
    defined("lambda p, q: p if p < q else log1p(-exp(q))", "log_share", doc="p, where exp(p) + exp(q) is 1"),
    # Logarithms of tails that underflow. Continued fractions have all digits where a tail is below 1e-100: there the
    # quotient of a term and the two before it is below n/441.
    defined(
        "def upper_gamma_divisor(a, x):\n    c = (x - a) + 17\n    for n in range(8, 0, -1):\n"
        "        c = (x - a) + (2*n - 1) - n*(n - a)/c\n    return c\n",
        "upper_gamma_divisor",
        doc="x**a * exp(-x) / uppergamma(a, x), NIST DLMF 8.9.2",
    ),
    defined(
        "def lower_gamma_divisor(a, x):\n    c = (a - x) + 8\n    for n in range(8, 0, -1):\n"
        "        c = (a - x) + (n - 1) + n*x/c\n    return c\n",
        "lower_gamma_divisor",
        doc="x**a * exp(-x) / lowergamma(a, x), Jones & Thron, Continued Fractions (1980), 7.3",
    ),
    defined(
        "def beta_divisor(a, b, x, y):\n"
        "    c = 8 + 8*(b - 8)*x/(a + 15) + (a + 8)*((a*y - b*x) + 1 + 8*(1 + y))/(a + 17)\n"
        "    for n in range(8, 0, -1):\n        m = n - 1\n"
        "        d = m + m*(b - m)*x/(a + (2*m - 1)) if m > 0 else 0\n"
        "        c = d + (a + m)*((a*y - b*x) + 1 + m*(1 + y))/(a + (2*m + 1))"
        " + (a + m)/(a + (2*n - 1))*((a + b + m)/(a + (2*n - 1)))*(n*(b - n))*x**2/c\n    return c\n",
        "beta_divisor",
        doc="x**a * y**b / (beta(a, b) * betainc(a, b, x)) for x + y = 1, DiDonato & Morris, ACM TOMS 708",
    ),
    defined(
        "lambda a, x: log_part(gammaincc(a, x), gammainc(a, x)) if gammaincc(a, x) > 1e-100 else"
        " log_gamma_density(a, x) + log(x/upper_gamma_divisor(a, x))",
        "log_upper_gamma",
        doc="log(gammaincc(a, x))",
    ),
    defined(
        "lambda a, x: log_part(gammainc(a, x), gammaincc(a, x)) if gammainc(a, x) > 1e-100 else"
        " (log_gamma_density(a, x) + log(x/lower_gamma_divisor(a, x)) if x > 0 else -inf)",
        "log_lower_gamma",
        doc="log(gammainc(a, x))",
    ),
    defined(
        "lambda a, b, x, y: log_beta_density(a, b, x, y) + (log(x) + log(y) - log(beta_divisor(a, b, x, y)))",
        "log_beta_tail",
        doc="log(betainc(a, b, x)) for x + y = 1, where it is below 1e-100",
    ),
    defined(
        "lambda x, u, df: -x**2/2 - 0.91893853320467274 + x**2*u/2*(1/2 - u*(1/3 - u*(1/4 - u*(1/5 - u*(1/6 - u*(1/7"
        " - u*(1/8 - u/9))))))) - log1p(u)/2 - (1/4 - (1/24 - (1/20 - 17/112/df**2)/df**2)/df**2)/df",
        "log_t_near_normal",
        doc="log of Student's density for many degrees of freedom and small u = x**2/df, without cancellation",
    ),
    # Of the shares of x and y in x + y, one near 1 has too few digits for derivatives by the other; a small part keeps
    # its digits.
    defined(
        "lambda a, b, x, y: betainc(a, b, x/(x + y)) if logical_or(x < y, betainc(a, b, x/(x + y)) < 0.1) else"
        " 1 - betainc(b, a, y/(x + y))",
        "f_part",
        doc="betainc(a, b, x/(x + y))",
    ),
    # The distribution function of Student's t: by the series at 0, where the incomplete beta function has a cusp.
    defined("lambda x, df: exp(-betaln(df/2, 0.5)) * df**-0.5 * (x - (1 + 1/df)*x**3/6)", "t_near", doc=""),
    defined("lambda x, df: betainc(0.5, df/2, x**2/(df + x**2))/2", "t_middle", doc=""),
    defined("lambda x, df: betainc(df/2, 0.5, df/(df + x**2))/2", "t_far", doc=""),
    defined(
        "lambda x, df: (0.5 - t_near(x, df) if x**2*(1 + 3/df) < 1e-8 else"
        " (0.5 - t_middle(x, df) if x > 0 else 0.5 + t_middle(x, df))) if abs(x) < (1 if df < 1000 else 3) else"
        " (t_far(x, df) if x > 0 else 1 - t_far(x, df))",
        "t_sf",
        doc="1 - the distribution function of Student's t",
    ),
    defined(
        "lambda x, df: log_part(t_sf(x, df), t_sf(-x, df)) if t_sf(x, df) > 1e-100 else"
        " log_beta_tail(df/2, 0.5, df/(df + x**2), x**2/(df + x**2)) - 0.69314718055994531",
        "log_t_sf",
        doc="log of t_sf",
    ),
    # The inverse Gaussian: both terms of its distribution function have the factor exp(-a**2/2).
    defined("lambda x, mu: (x - mu)/(mu*x**0.5)", "invgauss_a", doc=""),
    defined("lambda x, mu: (x + mu)/(mu*x**0.5)", "invgauss_b", doc=""),
    defined(
        "lambda a, b, sign: exp(-a**2/2)*(erfcx(0.70710678118654752*abs(a)) + sign*erfcx(0.70710678118654752*b))/2",
        "invgauss_tail",
        doc="",
    ),
    defined(
        "lambda a, b, sign: log((erfcx(0.70710678118654752*abs(a)) + sign*erfcx(0.70710678118654752*b))/2) - a**2/2",
        "log_invgauss_tail",
        doc="",
    ),
    defined(
        "lambda x, b: exp(-lgamma(1 + 1/b))*x/2 if abs(x)**b < 1e-17 else sign(x)*gammainc(1/b, abs(x)**b)/2",
        "gennorm_rise",
        doc="the generalised normal distribution function less 1/2",
    ),
    defined(
        "lambda x, b: gammaincc(1/b, abs(x)**b)/2 if x > 0.5 else 0.5 - gennorm_rise(x, b)",
        "gennorm_sf",
        doc="1 - the generalised normal distribution function",
    ),
    defined(
        "lambda x, b: log_upper_gamma(1/b, abs(x)**b) - 0.69314718055994531 if x > 0.5 else"
        " log_part(gennorm_sf(x, b), gennorm_sf(-x, b))",
        "log_gennorm_sf",
        doc="log of gennorm_sf",
    ),
)

INNER: dict[str, Word] = {word.names[0]: word for word in _WORDS}
