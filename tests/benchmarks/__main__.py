"""``make bench``: every measurement, side by side in one run."""

from app import compiler
from tests.benchmarks import jit

if __name__ == "__main__":
    compiler.configure()
    print(jit.report())
