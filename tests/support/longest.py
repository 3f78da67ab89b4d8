"""The files of tests that take longest, the longest first."""

LONGEST = (
    "tests/simulation/test_simulation.py",
    "tests/live/test_ray.py",
    "tests/live/test_browser.py",
    "tests/live/test_fuzz.py",
    "tests/live/test_proxy.py",
    "tests/live/test_soak.py",
    "tests/correctness/test_hessians.py",
    "tests/api/test_random_requests.py",
    "tests/live/test_lifecycle.py",
    "tests/live/test_server_processes.py",
    "tests/language/test_vocabulary.py",
    "tests/engine/test_workers.py",
    "tests/autodiff/test_interpreter.py",
    "tests/autodiff/test_symbolic.py",
    "tests/language/test_arrays.py",
    "tests/cli/test_commands.py",
    "tests/correctness/test_array_formulas.py",
    "tests/runtime/test_remote_store.py",
    "tests/engine/test_executables.py",
)
