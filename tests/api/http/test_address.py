"""Addresses with slashes too many, and the application under a path of another one."""

from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pydantic
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from app.settings import Settings
from tests.support.service import Client, serving

KEY = "k1-secret"
QUESTION = {"expression": "x**2", "point": [3.0]}
UM_BRIDGE = {"name": "gradient", "input": [[3.0]], "config": {"expression": "x**2"}}


@pytest.fixture(scope="module")
def closed() -> Iterator[Client]:
    with serving(Settings(api_keys=pydantic.SecretStr(KEY)), workers=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/grad/", "//v1/grad", "/v1//grad", "/v1/grad//"])
def test_slashes_too_many_change_no_answer(client: Client, path: str) -> None:
    response = client.request("POST", f"http://service{path}", json=QUESTION)
    assert response.status_code == 200
    assert response.json()["gradient"] == 6.0


def test_the_folder_of_files_is_no_page(client: Client) -> None:
    assert client.get("/docs/assets/swagger-ui.css").status_code == 200
    assert client.get("/docs/assets").status_code == 404


def test_a_base_address_of_um_bridge_may_end_with_a_slash(client: Client) -> None:
    assert client.get("http://service//Info").json()["protocolVersion"] == 1.0
    assert client.request("POST", "http://service//Evaluate", json=UM_BRIDGE).json() == {"output": [[9.0]]}
    assert client.request(
        "POST", "http://service//Gradient", json=UM_BRIDGE | {"inWrt": 0, "outWrt": 0, "sens": [1.0]}
    ).json() == {"output": [6.0]}
    found = client.post({"expression": "x**2"}, "/v1/functions").json()["function_id"]
    assert client.request("POST", f"/f/{found}//Evaluate", json=UM_BRIDGE | {"config": {}}).json() == {
        "output": [[9.0]]
    }


def test_a_page_with_a_slash_behind_it_leads_to_the_page_without_scheme_and_host(client: Client) -> None:
    for page in ("docs", "fit", "guide"):
        response = client.get(f"/{page}/")
        assert response.status_code == 307
        assert response.headers["location"] == f"../{page}"
        assert urljoin(f"https://a.example/under/{page}/", response.headers["location"]) == (
            f"https://a.example/under/{page}"
        )


@pytest.mark.parametrize("root", ["/g", "/a/b", "/v1"])
def test_mounted_in_another_application_it_is_found_and_keys_hold(closed: Client, root: str) -> None:
    outer = Starlette(routes=[Mount(root, closed.app)])
    transport = httpx.ASGITransport(outer)

    def ask(method: str, path: str, **options: object) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
                return await http.request(method, root + path, **options)  # type: ignore[arg-type]

        return closed.run(send())

    for path in (
        "/",
        "/healthz",
        "/docs",
        "/guide",
        "/guide/api",
        "/v1/limits",
        "/web/style.css",
        "/docs/assets/swagger-ui.css",
    ):
        assert ask("GET", path).status_code == 200, path
    assert ask("POST", "/v1/grad", json=QUESTION).status_code == 401
    key = {"X-API-Key": KEY}
    assert ask("POST", "/v1/grad", json=QUESTION, headers=key).json()["gradient"] == 6.0
    assert ask("POST", "/Evaluate", json=UM_BRIDGE, headers=key).json() == {"output": [[9.0]]}
    created = ask("POST", "/v1/functions", json={"expression": "x**2 + 17"}, headers=key)
    where = urljoin(str(created.request.url), created.headers["location"])
    assert where == f"http://service{root}/v1/functions/{created.json()['function_id']}"
    assert ask("GET", where.partition(root)[2], headers=key).status_code == 200


def test_the_openapi_document_says_that_the_server_is_where_it_is(client: Client) -> None:
    (server,) = client.get("/openapi.json").json()["servers"]
    assert urljoin("https://a.example/under/openapi.json", server["url"]) == "https://a.example/under/"
