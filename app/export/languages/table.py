"""The table of languages."""

from __future__ import annotations

from app.export.language import Language
from app.export.languages import c, excel, javascript, julia, matlab, numeric_python, python, r, rust, stablehlo

LANGUAGES: dict[str, Language] = {
    each.name: each
    for each in (
        c.C,
        python.PYTHON,
        numeric_python.NUMPY,
        numeric_python.JAX,
        javascript.JAVASCRIPT,
        julia.JULIA,
        r.R,
        matlab.MATLAB,
        rust.RUST,
        excel.EXCEL,
    )
}
"""By the name that requests have."""

NAMES = (*LANGUAGES, stablehlo.NAME)
"""Languages that a request may ask for."""
