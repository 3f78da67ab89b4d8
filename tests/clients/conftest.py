"""The hand-made client of the application in this process."""

from collections.abc import Iterator

import gradserve
import pytest

from tests.support.direct import Direct
from tests.support.service import Client


@pytest.fixture
def direct(client: Client) -> Direct:
    return Direct(client)


@pytest.fixture
def remote(direct: Direct) -> Iterator[gradserve.Client]:
    with gradserve.Client("http://service", transport=direct) as found:
        yield found
