"""Names of other languages that have no counterpart here: by name, why, or what to do."""

from __future__ import annotations

_RANDOM = "there are no random numbers: make them yourself and send them as an argument"
_COMPLEX = "numbers are real: send the real and the imaginary part as two functions"
_DERIVATIVE = "send the function alone: /v1/grad and /v1/hessian differentiate it; in a text, write Derivative(f, x)"
_INTEGRAL = "integrals are not computed: write a sum, such as trapezoid(f(t), t) with t = linspace(a, b, 200)"
_SOLVER = "equations are not solved and nothing is minimised here: ask for the gradient and let your own solver run"
_FOURIER = "Fourier transforms are not in the language: write the sum of sines and cosines"
_OUTPUT = "nothing is printed: leave it out, the value comes in the answer"
_FILES = "nothing is read or written: send numbers in the point"
_RECORD = "write p = dict(mu=m, sigma=s), and p['mu'] for an entry; or Params = namedtuple('Params', ['mu', 'sigma'])"
_CONVOLUTION = "write the sum over the kernel: sum(w[k]*x[k:k + n] for k in range(len(w))), or convolve(x, w)"
_NUMBERS = "send the array without its nan, and write the name without nan"
_CODE = "nothing is evaluated by name: write the function itself"
_TYPES = "every number is a float64, or a float32 if the request says so; isinstance and hasattr ask for shapes"
_SYMBOLS = "leave it out: the names in the expression are the arguments"
_DECOMPOSITION = "this decomposition is not in the language: write det, slogdet, inv, solve or cholesky where they do"
_STRINGS = "strings are not in the language: numbers, arrays and conditions are"
_COMPILE = "leave it out: compiling is done here"
_DISTRIBUTION = "write norm.logpdf(x, loc, scale), or another distribution with a function that SciPy has"
_LAYER = "layers are not in the language: write the formula with its weights as arguments"
_SETS = "the length of the result would depend on the numbers: write where(condition, value, 0)"
_TRANSFORMED = "write the body for one row, or let arrays broadcast"

_POLYNOMIAL = (
    "orthogonal polynomials are not words: write the polynomial, such as (3*x**2 - 1)/2 for the second Legendre's"
)
_ABSENT = "it has no counterpart in the language: write it in words of the language"
_BITS = "bits are not in the language: conditions are joined by & and |"
_WIDTHS = "leave it out: every number is a float64, or a float32 if the request's dtype says so"
_INTEGERS = "the integers' divisors are not in the language: no derivative depends on them"
_TESTS = "statistical tests are not in the language: write the statistic itself"
_INVERSE = "this inverse is not in the language: ask for the function, and let your own solver invert it"

_NAMES: dict[str, str] = {
    _RECORD: """
        NamedTuple SimpleNamespace OrderedDict defaultdict struct make_dataclass typing.NamedTuple
        collections.OrderedDict collections.defaultdict types.SimpleNamespace
    """,
    _CONVOLUTION: "conv",
    _NUMBERS: "nanmedian nanquantile nanpercentile",
    _RANDOM: """
        rnorm runif rexp rgamma rbeta rbinom rpois rt rcauchy sample rand randn randi randint randperm random normal
        uniform RAND RANDBETWEEN RandomReal RandomInteger manual_seed seed PRNGKey bernoulli default_rng shuffle
        permutation choice multinomial rvs norm.rvs rlnorm rweibull dropout
    """,
    _COMPLEX: """
        complex re im Re Im Conj arg Arg cis csgn real_if_close iscomplex iscomplexobj
        view_as_complex polar phase rect imagpart realpart complex64 complex128 complex_ csingle cdouble besselh
        hankel1 hankel2 wofz
    """,
    _DERIVATIVE: """
        grad jacfwd jacrev jacobian Jacobian hessian Hessian jvp vjp value_and_grad elementwise_grad D
        derivative deriv differentiate ForwardDiff.gradient Zygote.gradient GradientTape backward egrad numDeriv
        linearize custom_jvp custom_vjp hvp laplacian divergence curl
    """,
    _INTEGRAL: """
        integrate Integrate Integral integral quad dblquad tplquad nquad quadgk quadv NIntegrate simps romb
        fixed_quad odeint solve_ivp ode ode45 ode23 dsolve DSolve NDSolve limit Limit residue laplace_transform
        inverse_laplace_transform fourier_transform fourier_sin_transform fourier_cos_transform hilbert
    """,
    _SOLVER: """
        nsolve solveset nonlinsolve roots polyroots Solve NSolve FindRoot fsolve fzero fminsearch fminunc fmincon
        minimize minimise Minimize NMinimize optim optimise optimize nlm uniroot root_scalar curve_fit least_squares
        nls lm brentq newton bisect findroot lsqnonneg lsqcurvefit linprog quadprog nlpsol qpsol
        goalseek optax.adam optax.adamw optax.sgd optax.rmsprop optax.adagrad optax.lbfgs optax.chain
        optax.apply_updates optax.clip_by_global_norm
    """,
    _FOURIER: """
        fft ifft rfft irfft fft2 ifft2 fftn ifftn rfft2 rfftn hfft fftfreq fftshift dct idct stft periodogram
    """,
    _OUTPUT: """
        print println printf fprintf disp display puts console.log echo plot scatter hist legend xlabel figure
        warning warn stop stopifnot message write Print
    """,
    _FILES: """
        open load save loadtxt savetxt fromfile tofile genfromtxt read_csv readtable fread fwrite input readline
        fromstring memmap loads dumps savez
    """,
    _CODE: """
        eval exec compile __import__ getattr setattr delattr hasattr globals locals vars dir feval evalin str2func
        inline Function lambdify parse_expr execfile importlib breakpoint help exit quit do.call match.fun Evaluate
        ToExpression callable super object property staticmethod
    """,
    _TYPES: """
        type isinstance issubclass typeof class is.numeric isreal isnumeric isa dtype result_type promote_types
        can_cast isscalar typename min_scalar_type
    """,
    _SYMBOLS: """
        Symbol symbols Symbols syms MX SX DM sym MatrixSymbol Wild IndexedBase Idx Indexed
    """,
    _DECOMPOSITION: """
        lu eig eigvals schur null orth rank rref hessenberg ldl lu_factor lu_solve logm
        sqrtm signm funm sinm cosm tanm sinhm coshm tanhm null_space balance tensorinv tensorsolve
        solve_sylvester solve_banded hankel hilb singular_values condition_number eigen
    """,
    _STRINGS: """
        str repr format paste paste0 sprintf nchar substr strcat chr ord bytes num2str join upper lower
    """,
    _COMPILE: """
        jit njit pmap tf.function checkpoint remat vectorize frompyfunc
    """,
    _DISTRIBUTION: """
        norm.fit Normal Poisson Bernoulli Categorical MultivariateNormal Dirichlet NormalDistribution PDF
        CDF Probability Expectation StudentT HalfNormal HalfCauchy Exponential LogNormal Weibull Uniform Laplace
        Cauchy pdf logpdf cdf logcdf sf logsf ppf isf set.seed expon f chi2 cauchy poisson pareto lognorm
        weibull_min dirichlet laplace nbinom geom multivariate_normal multivariate_t halfnorm halfcauchy invgamma
        vonmises truncnorm gumbel_r
    """,
    _LAYER: """
        Linear Conv1d Conv2d conv1d conv2d conv3d conv_transpose BatchNorm1d LayerNorm Dense Sequential max_pool1d
        max_pool2d avg_pool1d avg_pool2d batch_norm embedding LSTM GRU RNN MultiheadAttention
        scaled_dot_product_attention pixel_shuffle grid_sample
    """,
    _SETS: """
        unique histogram masked_select
        boolean_mask table tabulate find partition setdiff1d intersect1d union1d in1d set frozenset dict
        histogram2d histogramdd lexsort argpartition
    """,
    _TRANSFORMED: """
        apply_along_axis apply_over_axes fromfunction fromiter nditer
    """,
    _POLYNOMIAL: """
        assoc_legendre lpmv poly
    """,
    _BITS: """
        bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_invert bitwise_count bitand bitor bitxor bitshift
        left_shift right_shift shift_left shift_right packbits unpackbits population_count
    """,
    _WIDTHS: """
        float16 half single bfloat16 float32 float64 longdouble float_ int_ int1 int2 int4 int8 int16 int32 int64
        uint8 uint16
        uint32 uint64 short long longlong intc intp bool_ byte logical as.double as.logical asDouble
    """,
    _INTEGERS: """
        gcd lcm isprime primes GCD LCM nextafter spacing ulp prime primepi
    """,
    _TESTS: """
        ttest_ind ttest_rel kstest shapiro mood ansari levene t.test wilcox.test chisq.test anova loess
    """,
    _INVERSE: """
        gammaincinv gammainccinv betaincinv nbdtri bdtri pdtri fdtri chdtri stdtrit btdtri qgamma qbeta qt qchisq qf
        qpois qbinom tinv chi2inv gaminv betainv finv T.INV CHISQ.INV BETA.INV GAMMA.INV
    """,
    _ABSENT: """
        perms isnat polyvalm interp2 crelu rrelu factorial2 factorialk lerchphi LerchPhi debye stieltjes
    """,
}
"""The names, by reason."""

REASONS: dict[str, str] = {name: reason for reason, names in _NAMES.items() for name in names.split()} | {
    "limit_denominator": "write p/q",
    "DiracDelta": "a delta has no values: write the density that you mean",
    "dirac": "a delta has no values: write the density that you mean",
    "LeviCivita": "write cross(x, y), or the products with their signs",
    "chi": "write Chi(x) for the hyperbolic cosine integral, chi(x)*v for a product with a variable",
    "Root": "write root(x, n), or x**(1/n)",
    "Select": "the length of the result would depend on the numbers: write where(condition, value, 0)",
    "Module": "write a def with assignments",
    "Block": "write a def with assignments",
    "With": "write a def with assignments",
    "let": "write a def with assignments",
    "function": "write lambda x: x**2, or a def",
    "next": "write x[0]",
    **dict.fromkeys(
        ("leggauss", "hermgauss", "laggauss", "chebgauss", "roots_legendre", "roots_hermite"),
        "compute nodes and weights yourself, and write them as arrays: x = np.array([...])",
    ),
    "iter": "write [v for v in x]",
    "id": "nothing of Python's memory is known here",
    "hash": "nothing of Python's memory is known here",
    "memoryview": "write array([a, b])",
    "VLOOKUP": "send the number itself as an argument",
    "HLOOKUP": "send the number itself as an argument",
    "INDEX": "write X[i, j]; the first index is 0",
    "OFFSET": "write x[1:3]; the first index is 0",
    "SUMIF": "write sum(where(x > 0, x, 0))",
    "SUMIFS": "write sum(where(x > 0, x, 0))",
    "COUNT": "write len(x)",
    "COUNTIF": "write sum(where(x > 0, 1, 0))",
    "AVERAGEIF": "write sum(where(x > 0, x, 0))/sum(where(x > 0, 1, 0))",
    "IFERROR": "write where(y != 0, x/y, 0)",
    "LET": "write a def with assignments",
    "LAMBDA": "write lambda x: x**2",
    "end": "write x[-1] for the last element",
    "sub2ind": "write X[i, j]; the first index is 0",
    "accumarray": "write sum(where(i == k, x, 0)) for each k",
    "torch.median": "write median(x), is the mean of the two in the middle; torch's is the less of them",
    "sici": "write Si(x), or Ci(x)",
    "shichi": "write Shi(x), or Chi(x)",
    "fresnel": "write fresnels(x), or fresnelc(x)",
}
"""Why, or what to write, by name."""

_PREFIXES: dict[str, str] = {
    _RANDOM: "random np.random numpy.random jax.random tf.random torch.random rng",
    _FOURIER: "fft np.fft numpy.fft jnp.fft jax.numpy.fft scipy.fft torch.fft tf.signal",
    _INTEGRAL: "integrate scipy.integrate sympy.integrals",
    _SOLVER: "optimize scipy.optimize jax.scipy.optimize jaxopt torch.optim",
    _DISTRIBUTION: "torch.distributions dist dists tfd tfp.distributions pyro.distributions numpyro.distributions",
    _LAYER: "torch.nn nn.Module tf.keras tf.keras.layers keras.layers layers flax.linen haiku eqx.nn",
    _CODE: "os sys subprocess shutil socket builtins importlib ctypes pickle io pathlib",
    _DERIVATIVE: "autograd torch.autograd torch.func jax.experimental",
    _STRINGS: "ast re json string",
}

PREFIXES: dict[str, str] = {prefix: reason for reason, names in _PREFIXES.items() for prefix in names.split()}
"""Why nothing of a library is here, by its prefix."""
