"""NumPy and JAX: whole arrays, elementwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from app.export import program as programs
from app.export.forms import ATOM, OPERATORS, PRODUCT, SIGN, WordForm, calls
from app.export.language import Language, Syntax
from app.export.languages import python

_SHARED = (
    "sin cos tan sinh cosh tanh exp exp2 expm1 log log2 log10 log1p sqrt cbrt sign floor ceil trunc round=rint abs"
    " asin=arcsin acos=arccos atan=arctan asinh=arcsinh atanh=arctanh"
)
_PAIRS = "atan2=arctan2 hypot maximum minimum copysign mod fmod pow=power pow_const=power const_pow=power"


def _words(module: str) -> dict[str, WordForm]:
    return {
        **OPERATORS,
        # & and | bind tighter than comparisons
        "and": WordForm("{0} & {1}", PRODUCT, (ATOM,)),
        "or": WordForm("{0} | {1}", PRODUCT, (ATOM,)),
        "not": WordForm("~{0}", SIGN, (ATOM,)),
        **calls("select=where", 3, before=f"{module}."),
        **calls(_SHARED, before=f"{module}."),
        **calls(_PAIRS, 2, before=f"{module}."),
    }


_SPECIAL = {
    **calls("erf erfc lgamma=gammaln digamma i0e i1e expi", before="special."),
    **calls("betaln zeta", 2, before="special."),
    "sigmoid": WordForm("jax.nn.sigmoid({0})"),
    "betainc": WordForm("special.betainc({0}, {1}, {2})"),
    "gamma_part": WordForm("jnp.where({2} != 0, special.gammaincc({0}, {1}), special.gammainc({0}, {1}))", ATOM),
}


def _syntax(module: str) -> Syntax:
    return dataclasses.replace(
        python.SYNTAX,
        infinity=f"{module}.inf",
        nan=f"{module}.nan",
        as_number=WordForm(f"{module}.where({{0}}, 1.0, 0.0)"),
        keywords=f"{python.KEYWORDS} np jnp jax special lax",
    )


def _element(name: str, indices: Sequence[int], _: programs.Shape) -> str:
    return f"{name}[{', '.join(map(str, indices))}]" if indices else name


_JAX_IMPORT = "import jax.numpy as jnp"

_COFACTOR = """def cofactor(a):
    \"\"\"Return det(a) times the transposed inverse of a, also where a is singular.\"\"\"
    u, s, v = {0}.linalg.svd(a)
    others = {0}.where({0}.eye(s.shape[-1], dtype=bool), 1.0, s[..., None, :])
    sign = {0}.linalg.det(u) * {0}.linalg.det(v)
    return (u * (sign[..., None] * {0}.prod(others, axis=-1))[..., None, :]) @ v
"""

_NUMPY_SNIPPETS = {
    "cofactor": _COFACTOR.format("np"),
    "placed": """def placed(x, shape, where):
    result = np.zeros(shape)
    result[where] = x
    return result
""",
    "scattered": """def scattered(x, where, axis, shape):
    result = np.zeros(shape)
    np.add.at(result, (slice(None),) * axis + (np.asarray(where, dtype=int),), x)
    return result
""",
    "put_along": """def put_along(x, where, axis, shape):
    result = np.zeros(shape)
    place = list(np.ogrid[tuple(slice(size) for size in where.shape)])
    place[axis] = np.asarray(where, dtype=int)
    np.add.at(result, tuple(place), x)
    return result
""",
}

_JAX_SNIPPETS = {
    "cofactor": _COFACTOR.format("jnp"),
    "scattered": """def scattered(x, where, axis, shape):
    place = (slice(None),) * axis + (jnp.asarray(where, dtype=int),)
    return jnp.zeros(shape).at[place].add(x)
""",
    "put_along": """def put_along(x, where, axis, shape):
    place = list(jnp.ogrid[tuple(slice(size) for size in where.shape)])
    place[axis] = jnp.asarray(where, dtype=int)
    return jnp.zeros(shape).at[tuple(place)].add(x)
""",
}


def _layout(module: str, imports: str, decorator: str) -> programs.Layout:
    array = f"{module}.asarray"

    def layout(program: programs.SourceFileParts) -> str:
        text = f"\n\n{imports}\n"
        text += "".join(f"\n{line}\n" for line in program.constants)
        for helper in program.helpers:
            text += f"\n\n{helper}"
        for function in program.functions:
            lines = [decorator, *python.head(program, function)]
            lines += [f"    {each.name} = {array}({each.name}, dtype=float)" for each in program.arguments if each.used]
            if function.moved:
                each = f"{array}(tangents, dtype=float)" if program.single else f"[{array}(each) for each in tangents]"
                lines.append(f"    tangents = {each}")
            lines += [f"    {line}" for line in function.lines]
            found = [
                f"{array}({programs.nested(entries, shape)})" if len(entries) > 1 or not shape else entries[0]
                for entries, shape in zip(function.entries, program.shapes(), strict=True)
            ]
            listed = found[0] if program.single else programs.broken("[", found, "]", "    ")
            text += "\n\n" + "\n".join([*lines, f"    return {function.value}, {listed}"]) + "\n"
        if "special." in text:
            text = text.replace(_JAX_IMPORT, f"{_JAX_IMPORT}\nfrom jax.scipy import special", 1)
        return "\n".join(program.heading) + text

    return layout


NUMPY = Language(
    name="numpy",
    title="NumPy",
    filename="value_and_grad.py",
    media_type="text/x-python",
    words=_words("np"),
    syntax=_syntax("np"),
    snippets=_NUMPY_SNIPPETS,
    layout=_layout("np", "import numpy as np", '@np.errstate(all="ignore")  # of branches that are not taken'),
    element=_element,
    listed=lambda name, place, _: f"{name}[{place}]",
    arrays="np",
    requires="NumPy",
)

JAX = Language(
    name="jax",
    title="JAX",
    filename="value_and_grad.py",
    media_type="text/x-python",
    words=_words("jnp") | _SPECIAL,
    syntax=_syntax("jnp"),
    snippets=_JAX_SNIPPETS,
    layout=_layout(
        "jnp",
        f'import jax\n{_JAX_IMPORT}\n\njax.config.update("jax_enable_x64", True)  # float64, to about 15 digits',
        "@jax.jit",
    ),
    element=_element,
    listed=lambda name, place, _: f"{name}[{place}]",
    arrays="jnp",
    requires="JAX",
)
