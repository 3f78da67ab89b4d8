"""What nginx answers itself is what the service would answer."""

import re
from pathlib import Path

from app import errors
from app.api.http import problem
from app.api.interop.umbridge import routes as umbridge

NGINX = (Path(__file__).parents[2] / "deploy/proxy/nginx.conf").read_text()


def test_nginx_knows_the_paths_of_um_bridge() -> None:
    (names,) = re.findall(r"/\(([\w|]+)\)/\?\$ um-bridge;", NGINX)
    assert set(names.split("|")) == {"Info", *(operation.name for operation in umbridge.OPERATIONS)}


def test_the_codes_of_nginx_are_those_of_the_service() -> None:
    codes = re.findall(r"set \$code (\w+);", NGINX)
    titles = re.findall(r'set \$title "([^"]+)";', NGINX)
    known = {entry["code"]: entry["title"] for entry in problem.catalogue()}
    assert len(codes) == len(titles) == 5
    for code, title in zip(codes, titles, strict=True):
        assert code in known
        # Headers and bodies that are too large share a code.
        assert title in {known[code], errors.HeadersTooLarge.title}
