"""``make clients``: write the clients to dist/clients."""

from pathlib import Path

from deploy.clients import build

for made in build.build(Path("dist/clients")):
    print(made)
