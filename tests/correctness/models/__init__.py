"""Functions of arrays as people paste them, with data of ordinary sizes, and each once more for JAX."""

from tests.correctness.models import hierarchical, kernels, networks, regression, series
from tests.correctness.models.model import Model

ALL: list[Model] = [*regression.ALL, *hierarchical.ALL, *series.ALL, *kernels.ALL, *networks.ALL]
"""Every model."""
