"""The pages of the console. A viewer looks, an operator mends, an admin deploys."""

from __future__ import annotations

from web.console.acts import do_act, show_act
from web.console.bulk import do_bulk, show_bulk, show_progress, show_run
from web.console.deploying import deploy, review
from web.console.editor import show_editor, try_draft
from web.console.machines import (
    newest_machine,
    show_cards,
    show_machine,
    show_machines,
    show_overview,
    show_states,
    show_times,
)
from web.console.parked import show_parked
from web.console.saga import show_live, show_saga
from web.console.sagas import show_sagas
from web.pages.route import PageRoute

_MACHINE = "/console/machines/{name}/{version}"
_ACT = "/console/sagas/{id}/act/{act}"

CONSOLE_PAGES = (
    PageRoute(path="/console", handler=show_overview, role="viewer"),
    PageRoute(path="/console/cards", handler=show_cards, role="viewer"),
    PageRoute(path="/console/sagas", handler=show_sagas, role="viewer"),
    PageRoute(path="/console/sagas/{id}", handler=show_saga, role="viewer"),
    PageRoute(path="/console/sagas/{id}/live", handler=show_live, role="viewer"),
    PageRoute(path=_ACT, handler=show_act, role="operator"),
    PageRoute(path=_ACT, handler=do_act, method="POST", role="operator"),
    PageRoute(path="/console/parked", handler=show_parked, role="viewer"),
    PageRoute(path="/console/bulk", handler=show_bulk, role="operator"),
    PageRoute(path="/console/bulk", handler=do_bulk, method="POST", role="operator"),
    PageRoute(path="/console/bulk/{run}", handler=show_run, role="operator"),
    PageRoute(path="/console/bulk/{run}/progress", handler=show_progress, role="operator"),
    PageRoute(path="/console/machines", handler=show_machines, role="viewer"),
    PageRoute(path="/console/machines/{name}", handler=newest_machine, role="viewer"),
    PageRoute(path=_MACHINE, handler=show_machine, role="viewer"),
    PageRoute(path=f"{_MACHINE}/states", handler=show_states, role="viewer"),
    PageRoute(path=f"{_MACHINE}/times", handler=show_times, role="viewer"),
    PageRoute(path="/console/editor", handler=show_editor, role="viewer"),
    PageRoute(path="/console/editor", handler=try_draft, method="POST", role="viewer"),
    PageRoute(path="/console/editor/review", handler=review, method="POST", role="admin"),
    PageRoute(path="/console/editor/deploy", handler=deploy, method="POST", role="admin"),
)
