"""The distributions, continuous and discrete, with SciPy's names and parameters."""

from __future__ import annotations

from app.language.vocabulary.distributions.row import Distribution, continuous, discrete

_UNIT = "x < 0 | x > 1"

CONTINUOUS: tuple[Distribution, ...] = (
    continuous(
        "norm", "", "normal distribution",
        pdf="0.39894228040143268*exp(-x**2/2)", logpdf="-x**2/2 - 0.91893853320467274",
        cdf="ndtr(x)", logcdf="log_ndtr(x)", sf="ndtr(-x)", logsf="log_ndtr(-x)", ppf="ndtri(x)", isf="-ndtri(x)",
    ),
    continuous(
        "t", "df", "Student's t distribution", valid="df > 0",
        logpdf="log_t_near_normal(x, x**2/df, df) if logical_and(df > 1000, x**2 < df/100) else"
        " -betaln(df/2, 0.5) - log(df)/2 - (df + 1)/2*log1p_square(x*df**-0.5)",
        cdf="t_sf(-x, df)", sf="t_sf(x, df)", logcdf="log_t_sf(-x, df)", logsf="log_t_sf(x, df)",
    ),
    continuous(
        "cauchy", "", "Cauchy distribution",
        pdf="0.31830988618379067/(1 + x**2)", logpdf="-1.1447298858494002 - log1p_square(x)",
        cdf="atan2(1, -x)/pi", sf="atan2(1, x)/pi", ppf="-cospi(x)/sinpi(x)", isf="cospi(x)/sinpi(x)",
    ),
    continuous(
        "laplace", "", "Laplace distribution",
        pdf="exp(-abs(x))/2", logpdf="-abs(x) - 0.69314718055994531",
        cdf="exp(x)/2 if x < 0 else 1 - exp(-x)/2", sf="exp(-x)/2 if x > 0 else 1 - exp(x)/2",
        logcdf="x - 0.69314718055994531 if x < 0 else log1p(-exp(-x)/2)",
        logsf="-x - 0.69314718055994531 if x > 0 else log1p(-exp(x)/2)",
        ppf="log(2*x) if x < 0.5 else -log(2*(1 - x))", isf="-log(2*x) if x < 0.5 else log(2*(1 - x))",
    ),
    continuous(
        "logistic", "", "logistic distribution",
        pdf="sech(x/2)**2/4", logpdf="2*log(sech(x/2)/2) if abs(x) < 1000 else -abs(x)",
        cdf="sigmoid(x)", logcdf="log_sigmoid(x)",
        sf="sigmoid(-x)", logsf="log_sigmoid(-x)", ppf="logit(x)", isf="-logit(x)",
    ),
    continuous(
        "gumbel_r", "", "Gumbel distribution of greatest values",
        logpdf="-x - exp(-x)", cdf="exp(-exp(-x))", logcdf="-exp(-x)", sf="-expm1(-exp(-x))",
        logsf="-x if x > 40 else log1mexp(exp(-x))", ppf="-log(-log(x))", isf="-log(-log1p(-x))",
    ),
    continuous(
        "gumbel_l", "", "Gumbel distribution of least values",
        logpdf="x - exp(x)", cdf="-expm1(-exp(x))", logcdf="x if x < -40 else log1mexp(exp(x))", sf="exp(-exp(x))",
        logsf="-exp(x)", ppf="log(-log1p(-x))", isf="log(-log(x))",
    ),
    continuous(
        "gennorm", "beta", "generalised normal distribution", valid="beta > 0",
        logpdf="log(beta/2) - lgamma(1/beta) - abs(x)**beta", cdf="gennorm_sf(-x, beta)", sf="gennorm_sf(x, beta)",
        logcdf="log_gennorm_sf(-x, beta)", logsf="log_gennorm_sf(x, beta)",
    ),
    continuous(
        "skewnorm", "a", "skew normal distribution",
        logpdf="log_ndtr(a*x) - x**2/2 - 0.22579135264472744",
    ),
    continuous(
        "exponnorm", "K", "exponentially modified normal distribution", valid="K > 0",
        logpdf="log(erfcx(0.70710678118654752*(1/K - x))/(2*K)) - x**2/2 if x < 1/K else"
        " 0.5/K**2 - x/K + log_ndtr(x - 1/K) - log(K)",
        cdf="exp(-x**2/2)*(erfcx(-0.70710678118654752*x) - erfcx(0.70710678118654752*(1/K - x)))/2 if x < 0 else"
        " ndtr(x) - K*standard.exponnorm.pdf(x, K)",
        logcdf="log((erfcx(-0.70710678118654752*x) - erfcx(0.70710678118654752*(1/K - x)))/2) - x**2/2 if x < 0 else"
        " log_part(standard.exponnorm.cdf(x, K), standard.exponnorm.sf(x, K))",
        sf="ndtr(-x) + K*standard.exponnorm.pdf(x, K)",
        logsf="log1p(-standard.exponnorm.cdf(x, K)) if x < 0 else"
        " logaddexp(log_ndtr(-x), log(K) + standard.exponnorm.logpdf(x, K))",
    ),
    continuous(
        "vonmises", "kappa", "von Mises distribution", valid="kappa >= 0",
        logpdf="kappa*cosm1(x) - log(6.283185307179586477*i0e(kappa))",
    ),
    continuous(
        "wrapcauchy", "c", "wrapped Cauchy distribution", valid="logical_and(c > 0, c < 1)",
        support="x < 0 | x > 6.283185307179586477",
        pdf="(1 - c)*(1 + c)/(6.283185307179586477*((1 - c)**2 + 4*c*sin(x/2)**2))",
        logpdf="log((1 - c)*(1 + c)/(6.283185307179586477*((1 - c)**2 + 4*c*sin(x/2)**2)))",
        cdf="atan2((1 + c)*sin(x/2), (1 - c)*cos(x/2))/pi", sf="atan2((1 + c)*sin(x/2), (c - 1)*cos(x/2))/pi",
    ),
    # Of numbers from 0 on
    continuous(
        "expon", "", "exponential distribution", support="x < 0",
        pdf="exp(-x)", logpdf="-x", cdf="-expm1(-x)", logcdf="log_rise(x)", sf="exp(-x)", logsf="-x",
        ppf="-log1p(-x)", isf="-log(x)",
    ),
    continuous(
        "gamma", "a", "gamma distribution", valid="a > 0", support="x < 0",
        logpdf="log_gamma_density(a, x)", cdf="gammainc(a, x)", sf="gammaincc(a, x)",
        logcdf="log_lower_gamma(a, x)", logsf="log_upper_gamma(a, x)",
    ),
    continuous(
        "chi2", "df", "chi-squared distribution", valid="df > 0", support="x < 0",
        logpdf="log_gamma_density(df/2, x/2) - 0.69314718055994531", cdf="gammainc(df/2, x/2)",
        sf="gammaincc(df/2, x/2)", logcdf="log_lower_gamma(df/2, x/2)", logsf="log_upper_gamma(df/2, x/2)",
    ),
    continuous(
        "invgamma", "a", "inverse gamma distribution", valid="a > 0", support="x <= 0",
        logpdf="log_gamma_density(a, 1/x) - 2*log(x)", cdf="gammaincc(a, 1/x)", sf="gammainc(a, 1/x)",
        logcdf="log_upper_gamma(a, 1/x)", logsf="log_lower_gamma(a, 1/x)",
    ),
    continuous(
        "f", "dfn, dfd", "F distribution", valid="logical_and(dfn > 0, dfd > 0)", support="x < 0",
        logpdf="log_beta_density(dfn/2, dfd/2, dfn*x/(dfd + dfn*x), dfd/(dfd + dfn*x)) + log(dfn*dfd)"
        " - 2*log(dfd + dfn*x)",
        cdf="f_part(dfn/2, dfd/2, dfn*x, dfd)", sf="f_part(dfd/2, dfn/2, dfd, dfn*x)",
        logcdf="log_part(standard.f.cdf(x, dfn, dfd), standard.f.sf(x, dfn, dfd))"
        " if standard.f.cdf(x, dfn, dfd) > 1e-100 else"
        " log_beta_tail(dfn/2, dfd/2, dfn*x/(dfd + dfn*x), dfd/(dfd + dfn*x))",
        logsf="log_part(standard.f.sf(x, dfn, dfd), standard.f.cdf(x, dfn, dfd))"
        " if standard.f.sf(x, dfn, dfd) > 1e-100 else"
        " log_beta_tail(dfd/2, dfn/2, dfd/(dfd + dfn*x), dfn*x/(dfd + dfn*x))",
    ),
    continuous(
        "lognorm", "s", "log-normal distribution", valid="s > 0", support="x <= 0",
        logpdf="-(log(x)/s)**2/2 - 0.91893853320467274 - log(s) - log(x)", cdf="ndtr(log(x)/s)",
        logcdf="log_ndtr(log(x)/s)", sf="ndtr(-log(x)/s)", logsf="log_ndtr(-log(x)/s)",
        ppf="exp(s*ndtri(x))", isf="exp(-s*ndtri(x))",
    ),
    continuous(
        "weibull_min", "c", "Weibull distribution", valid="c > 0", support="x < 0",
        logpdf="log(c) + xlogy(c - 1, x) - x**c", cdf="-expm1(-x**c)",
        logcdf="c*log(x) if x**c < 1e-17 else log1mexp(x**c)", sf="exp(-x**c)", logsf="-x**c",
        ppf="(-log1p(-x))**(1/c)", isf="(-log(x))**(1/c)",
    ),
    continuous(
        "halfnorm", "", "half-normal distribution", support="x < 0",
        logpdf="-x**2/2 - 0.22579135264472744", cdf="erf(0.70710678118654752*x)", sf="erfc(0.70710678118654752*x)",
        logsf="log1p(-erf(0.70710678118654752*x)) if x < 1 else log(erfcx(0.70710678118654752*x)) - x**2/2",
        ppf="1.4142135623730950*erfinv(x)",
        isf="1.4142135623730950*erfcinv(x)",
    ),
    continuous(
        "halfcauchy", "", "half-Cauchy distribution", support="x < 0",
        pdf="0.63661977236758134/(1 + x**2)", logpdf="-0.45158270528945486 - log1p_square(x)",
        cdf="2*atan(x)/pi", sf="2*atan2(1, x)/pi", ppf="tan(pi/2*x)", isf="1/tan(pi/2*x)",
    ),
    continuous(
        "rayleigh", "", "Rayleigh distribution", support="x < 0",
        pdf="x*exp(-x**2/2)", logpdf="log(x) - x**2/2", cdf="-expm1(-x**2/2)",
        logcdf="2*log(x) - 0.69314718055994531 if x < 1e-9 else log1mexp(x**2/2)", sf="exp(-x**2/2)",
        logsf="-x**2/2", ppf="(-2*log1p(-x))**0.5", isf="(-2*log(x))**0.5",
    ),
    continuous(
        "maxwell", "", "Maxwell distribution", support="x < 0",
        pdf="0.79788456080286536*x**2*exp(-x**2/2)", logpdf="2*log(x) - x**2/2 - 0.22579135264472744",
        cdf="gammainc(1.5, x**2/2)", sf="gammaincc(1.5, x**2/2)", logcdf="log_lower_gamma(1.5, x**2/2)",
        logsf="log1p(-gammainc(1.5, x**2/2)) if x < 1 else"
        " log(erfcx(0.70710678118654752*x) + 0.79788456080286536*x) - x**2/2",
    ),
    continuous(
        "invgauss", "mu", "inverse Gaussian distribution", valid="mu > 0", support="x <= 0",
        logpdf="-0.91893853320467274 - 1.5*log(x) - invgauss_a(x, mu)**2/2",
        cdf="invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), 1) if x < mu else"
        " 1 - invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), -1)",
        sf="invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), -1) if x > mu else"
        " 1 - invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), 1)",
        logcdf="log_invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), 1) if x < mu else"
        " log1p(-invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), -1))",
        logsf="log_invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), -1) if x > mu else"
        " log1p(-invgauss_tail(invgauss_a(x, mu), invgauss_b(x, mu), 1))",
    ),
    continuous(
        "fisk", "c", "log-logistic distribution", valid="c > 0", support="x <= 0",
        logpdf="log(c) - log(x) - c*log(x) - 2*softplus(-c*log(x))", cdf="sigmoid(c*log(x))",
        logcdf="log_sigmoid(c*log(x))", sf="sigmoid(-c*log(x))", logsf="log_sigmoid(-c*log(x))",
        ppf="exp(logit(x)/c)", isf="exp(-logit(x)/c)",
    ),
    continuous(
        "pareto", "b", "Pareto distribution", valid="b > 0", support="x < 1",
        logpdf="log(b) - (b + 1)*log(x)", cdf="-expm1(-b*log(x))", logcdf="log_rise(b*log(x))", sf="x**-b",
        logsf="-b*log(x)", ppf="exp(-log1p(-x)/b)", isf="exp(-log(x)/b)",
    ),
    # Of numbers between bounds
    continuous(
        "uniform", "", "uniform distribution on [loc, loc + scale]", support=_UNIT,
        pdf="1", logpdf="0", cdf="x", sf="1 - x", logcdf="log(x)", logsf="log1p(-x)", ppf="x", isf="1 - x",
    ),
    continuous(
        "beta", "a, b", "beta distribution", valid="logical_and(a > 0, b > 0)", support=_UNIT,
        logpdf="log_beta_density(a, b, x, 1 - x)", cdf="betainc(a, b, x)",
        sf="betainc(b, a, 1 - x) if (a + b)*x > a else 1 - betainc(a, b, x)",
        logcdf="log_part(standard.beta.cdf(x, a, b), standard.beta.sf(x, a, b))"
        " if standard.beta.cdf(x, a, b) > 1e-100 else log_beta_tail(a, b, x, 1 - x)",
        logsf="log_part(standard.beta.sf(x, a, b), standard.beta.cdf(x, a, b))"
        " if standard.beta.sf(x, a, b) > 1e-100 else log_beta_tail(b, a, 1 - x, x)",
    ),
    continuous(
        "powerlaw", "a", "power-function distribution", valid="a > 0", support=_UNIT,
        logpdf="log(a) + xlogy(a - 1, x)", cdf="x**a", logcdf="a*log(x)", sf="-expm1(a*log(x))",
        logsf="log_rise(-a*log(x))", ppf="x**(1/a)", isf="exp(log1p(-x)/a)",
    ),
    continuous(
        "triang", "c", "triangular distribution", valid="logical_and(c >= 0, c <= 1)", support=_UNIT,
        pdf="2*x/c if x < c else (2*(1 - x)/(1 - c) if c < 1 else 2)",
        logpdf="log(2*x/c) if x < c else (log(2*(1 - x)/(1 - c)) if c < 1 else log(2))",
        cdf="x**2/c if x < c else (1 - (1 - x)**2/(1 - c) if c < 1 else 1)",
        sf="1 - x**2/c if x < c else ((1 - x)**2/(1 - c) if c < 1 else 0)",
        logcdf="log(x**2/c) if x < c else (log1p(-(1 - x)**2/(1 - c)) if c < 1 else 0)",
        logsf="log1p(-x**2/c) if x < c else (log((1 - x)**2/(1 - c)) if c < 1 else -inf)",
    ),
    continuous(
        "loguniform", "a, b", "log-uniform distribution", valid="logical_and(a > 0, b > a)", support="x < a | x > b",
        pdf="1/(x*log(b/a))", logpdf="-log(x) - log(log(b/a))", cdf="log(x/a)/log(b/a)", sf="log(b/x)/log(b/a)",
        logcdf="log(log(x/a)/log(b/a))", logsf="log(log(b/x)/log(b/a))", ppf="a*(b/a)**x", isf="b*(a/b)**x",
    ),
    continuous(
        "truncnorm", "a, b", "normal distribution between a and b", valid="a < b", support="x < a | x > b",
        logpdf="-x**2/2 - 0.91893853320467274 - log_normal_mass(a, b)",
        cdf="share_of(log_normal_mass(a, x) - log_normal_mass(a, b), log_normal_mass(x, b) - log_normal_mass(a, b))",
        logcdf="log_share(log_normal_mass(a, x) - log_normal_mass(a, b),"
        " log_normal_mass(x, b) - log_normal_mass(a, b))",
        sf="share_of(log_normal_mass(x, b) - log_normal_mass(a, b), log_normal_mass(a, x) - log_normal_mass(a, b))",
        logsf="log_share(log_normal_mass(x, b) - log_normal_mass(a, b), log_normal_mass(a, x) - log_normal_mass(a, b))",
    ),
)  # fmt: skip

_PROBABILITY = "logical_and(p >= 0, p <= 1)"

DISCRETE: tuple[Distribution, ...] = (
    discrete(
        "bernoulli", "p", "Bernoulli distribution", valid=_PROBABILITY, support="x < 0 | x > 1",
        pmf="p if x == 1 else 1 - p", logpmf="log(p) if x == 1 else log1p(-p)", cdf="1 if x == 1 else 1 - p",
        sf="0 if x == 1 else p", logcdf="0 if x == 1 else log1p(-p)", logsf="-inf if x == 1 else log(p)",
    ),
    discrete(
        "binom", "n, p", "binomial distribution", valid="logical_and(n >= 0, p >= 0, p <= 1)", support="x < 0 | x > n",
        logpmf="log_beta_density(x + 1, n - x + 1, p, 1 - p) - log(n + 1)",
        cdf="betainc(n - x, x + 1, 1 - p) if x < n else 1", sf="betainc(x + 1, n - x, p) if x < n else 0",
        logcdf="(log_part(standard.binom.cdf(x, n, p), standard.binom.sf(x, n, p))"
        " if standard.binom.cdf(x, n, p) > 1e-100 else log_beta_tail(n - x, x + 1, 1 - p, p)) if x < n else 0",
        logsf="(log_part(standard.binom.sf(x, n, p), standard.binom.cdf(x, n, p))"
        " if standard.binom.sf(x, n, p) > 1e-100 else log_beta_tail(x + 1, n - x, p, 1 - p)) if x < n else -inf",
    ),
    discrete(
        "poisson", "mu", "Poisson distribution", valid="mu >= 0", support="x < 0",
        logpmf="log_poisson(x, mu)", cdf="gammaincc(x + 1, mu)", sf="gammainc(x + 1, mu)",
        logcdf="log_upper_gamma(x + 1, mu)", logsf="log_lower_gamma(x + 1, mu)",
    ),
    discrete(
        "geom", "p", "geometric distribution of the first success", valid="logical_and(p > 0, p <= 1)", support="x < 1",
        logpmf="xlog1py(x - 1, -p) + log(p)", cdf="-expm1(x*log1p(-p))", logcdf="log_rise(-x*log1p(-p))",
        sf="exp(x*log1p(-p))", logsf="x*log1p(-p)",
    ),
    discrete(
        "nbinom", "n, p", "negative binomial distribution", valid="logical_and(n > 0, p > 0, p <= 1)", support="x < 0",
        logpmf="log_beta_density(n, x + 1, p, 1 - p) + log(p) - log(n + x)",
        cdf="betainc(n, x + 1, p)",
        sf="betainc(x + 1, n, 1 - p) if (n + x + 1)*p > n else 1 - betainc(n, x + 1, p)",
        logcdf="log_part(standard.nbinom.cdf(x, n, p), standard.nbinom.sf(x, n, p))"
        " if standard.nbinom.cdf(x, n, p) > 1e-100 else log_beta_tail(n, x + 1, p, 1 - p)",
        logsf="log_part(standard.nbinom.sf(x, n, p), standard.nbinom.cdf(x, n, p))"
        " if standard.nbinom.sf(x, n, p) > 1e-100 else log_beta_tail(x + 1, n, 1 - p, p)",
    ),
    discrete(
        "betabinom", "n, a, b", "beta-binomial distribution", valid="logical_and(n >= 0, a > 0, b > 0)",
        support="x < 0 | x > n",
        logpmf="log((n + a + b)/((x + a)*(n - x + b))) + betaln(n + 1, a + b) - betaln(x + 1, a)"
        " - betaln(n - x + 1, b)",
    ),
)  # fmt: skip

DISTRIBUTIONS: tuple[Distribution, ...] = (*CONTINUOUS, *DISCRETE)
