"""The languages that files are written in: for each a table of its words, its syntax, and the layout of a file."""

from app.export.language import Language
from app.export.languages import c, excel, javascript, julia, matlab, numeric_python, python, r, rust

__all__ = ["c", "excel", "javascript", "julia", "matlab", "numeric_python", "python", "r", "rust"]

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
