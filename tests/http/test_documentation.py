"""The API describes itself, rightly and completely."""

from __future__ import annotations

import re
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.http.daemon import DOCUMENT, MAX_BODY, Daemon, served
from web.app import build_app
from web.pages.routes import PAGE_ROUTES
from web.pages.static import PATH
from web.problems import CATALOGUE
from web.routes import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "http-api.md"


@served
async def test_the_openapi_document_is_valid(daemon: Daemon) -> None:
    reply = await daemon.get("/documentation/openapi.json")
    assert reply.json == DOCUMENT
    assert [error.message for error in OpenAPIV31SpecValidator(reply.json).iter_errors()] == []


@served
async def test_every_route_of_the_application_is_documented_and_the_other_way_round(daemon: Daemon) -> None:
    app = build_app(daemon.engine, default_machine=None, max_body=MAX_BODY)
    routes = [(route.method, route.resource) for route in app.router.routes() if route.method != "HEAD"]
    answered = {(method, resource.canonical) for method, resource in routes if resource is not None}
    pages = {(page.method, page.path) for page in PAGE_ROUTES} | {("GET", PATH.replace(":.+", ""))}
    documented = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert answered - pages == documented


def test_every_documented_error_code_exists_under_its_status() -> None:
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                codes = response.get("x-error-codes", [])
                assert {CATALOGUE[code].status for code in codes} <= {int(status)}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))


@served
async def test_the_page_lists_every_operation_and_shape_and_needs_nothing_from_elsewhere(
    daemon: Daemon,
) -> None:
    reply = await daemon.get("/documentation")
    text = reply.body.decode()
    assert reply.status == 200
    for route in ROUTES:
        assert f'id="{route.name}"' in text
    for shape in DOCUMENT["components"]["schemas"]:
        assert f'id="shape-{shape}"' in text
    assert re.findall(r"(?:src|href)=\"(?!/documentation|#)[^\"]*\"|<script|style=|@import|url\(", text) == []
    policy = reply.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "script-src" not in policy


@served
async def test_links_on_the_page_lead_somewhere(daemon: Daemon) -> None:
    text = (await daemon.get("/documentation")).body.decode()
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert {link[1:] for link in re.findall(r'href="(#[^"]+)"', text)} <= anchors


@served
async def test_the_type_of_every_problem_leads_to_its_description(daemon: Daemon) -> None:
    text = (await daemon.get("/documentation/errors")).body.decode()
    assert set(re.findall(r'id="([^"]+)"', text)) == set(CATALOGUE)


def test_the_written_page_names_every_route() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [route.path for route in ROUTES if f"`{route.method} {route.path}`" not in text] == []
