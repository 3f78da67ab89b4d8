"""What servers find in the package."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_servers_that_look_into_the_module_find_the_application(tmp_path: Path) -> None:
    """Hypercorn evaluates the name among the names of the module, `fastapi run` lists them."""
    script = "import json, app.main; print(json.dumps([type(vars(app.main)['app']).__name__, app.main.app.title]))"
    environment = os.environ | {"GRADSERVE_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environment)  # noqa: S603
    assert json.loads(done.stdout) == ["Application", "gradserve"]
