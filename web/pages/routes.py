"""Every page route of the daemon, and how they come into the application."""

from __future__ import annotations

from aiohttp import web

from web.access.routes import ACCESS
from web.admission import Need, add_route
from web.backoffice.routes import BACKOFFICE
from web.checkout.routes import CHECKOUT_PAGES
from web.console.routes import CONSOLE_PAGES
from web.pages.faults import as_page
from web.pages.route import PageRoute
from web.pages.start import START
from web.pages.static import PATH, serve_static

PAGE_ROUTES: tuple[PageRoute, ...] = (*START, *ACCESS, *CHECKOUT_PAGES, *BACKOFFICE, *CONSOLE_PAGES)


def add_pages(app: web.Application) -> None:
    """Add every page, and the files that pages need."""
    add_route(app, "GET", PATH, serve_static, Need(None))
    for route in PAGE_ROUTES:
        add_route(app, route.method, route.path, as_page(route.handler), Need(route.role, "page"))
