"""Every route of the daemon in one table: the application and the OpenAPI document are made from it."""

from __future__ import annotations

from typing import Any

from web import (
    agenda,
    bodies,
    bulk,
    deploying,
    diagrams,
    dispatch,
    documentation,
    flow_manager,
    interventions,
    listing,
    machine_shapes,
    machines,
    orders,
    probes,
    reports,
    sagas,
    shapes,
)
from web import requests as asked
from web.access.routes import ACCESS_API
from web.bff.routes import BFF
from web.callback_routes import CALLBACKS
from web.checkout_routes import CHECKOUT
from web.gateway_routes import GATEWAY
from web.mail_routes import MAIL
from web.merchant_routes import MERCHANT
from web.paper_routes import PAPERS
from web.route import Handler, Route
from web.view_routes import VIEWS

ANY_PICTURE = tuple(diagrams.TYPES.values())


_FIND = ("saga-not-found", "key-ambiguous")
_START = (
    "machine-required",
    "machine-not-found",
    "saga-exists",
    "key-taken",
    "payload-invalid",
    "expression-failed",
)
_TELL = (*_FIND, "event-not-accepted", "key-taken", "payload-invalid", "expression-failed", "stale-saga",
         "machine-not-found", "definition-invalid", "duplicate-event")  # fmt: skip
_MEND = (*_FIND, "action-not-possible", "stale-saga", "machine-not-found", "definition-invalid")
_DRAW = ("renderer-missing", "renderer-failed", "machine-not-found", "definition-invalid")


def _get(path: str, name: str, handler: Handler, group: str, summary: str, **more: Any) -> Route:
    return Route(method="GET", path=path, name=name, handler=handler, group=group, summary=summary, **more)


def _post(path: str, name: str, handler: Handler, group: str, summary: str, **more: Any) -> Route:
    headers = more.pop("headers", ("X-Actor",))
    return Route(
        method="POST",
        path=path,
        name=name,
        handler=handler,
        group=group,
        summary=summary,
        headers=headers,
        **more,
    )


_FLOW_MANAGER = (
    _post("/saga", "fmCreateSaga", flow_manager.create_saga, "Flow Manager", "Start a saga",
          body=asked.FlowManagerSaga, query=asked.MachineQuery, answer=shapes.SagaCreated, errors=_START),
    _post("/event", "fmTakeEvent", flow_manager.take_event, "Flow Manager", "Tell a saga what happened",
          body=asked.FlowManagerEvent, query=asked.MachineQuery, headers=("X-Actor", "Idempotency-Key"),
          answer=shapes.EventTaken, errors=_TELL),
    _get("/machine-definition", "fmMachineDefinition", flow_manager.show_machine, "Flow Manager",
         "A machine in the Flow Manager's words", query=asked.MachineQuery, answer=flow_manager.MachineDefinition,
         errors=("machine-required", "machine-not-found")),
)  # fmt: skip

_MACHINES = (
    _get("/api/v1/machines", "listMachines", machines.list_machines, "Machines", "What is deployed",
         answer=machine_shapes.Machines),
    _post("/api/v1/machines", "deployMachine", deploying.deploy, "Machines", "Deploy a machine, or read the files again",
          body=orders.NewMachine, texts=bodies.YAML, headers=("X-Actor",), role="admin", answer=deploying.Deployed,
          errors=("definition-invalid", "definition-changed", "config-invalid")),
    _post("/api/v1/machines/{name}/migrate", "migrateSagas", bulk.migrate, "Machines", "Move sagas to another version",
          body=orders.MigrateSagas, answer=reports.BulkReport,
          errors=("machine-not-found", "state-not-found", "action-not-possible", "definition-invalid", "invalid-cursor")),
    _get("/api/v1/machines/{name}", "showMachine", machines.show_machine, "Machines", "A machine and its YAML",
         query=asked.VersionQuery, answer=machine_shapes.MachineDetail,
         errors=("invalid-text", "machine-not-found", "definition-invalid")),
    _get("/api/v1/machines/{name}/diagram", "drawMachine", diagrams.draw_machine, "Machines", "A machine's diagram",
         query=asked.MachineDrawingQuery, answer=ANY_PICTURE, errors=("invalid-text", *_DRAW)),
)  # fmt: skip

_SAGAS = (
    _post("/api/v1/sagas", "createSaga", sagas.create_saga, "Sagas", "Start a saga",
          body=asked.NewSaga, status=201, repeated="A saga with this id or key was there already", answer=shapes.SagaDocument, errors=_START),
    _get("/api/v1/sagas", "listSagas", listing.list_sagas, "Sagas", "Sagas by filter, newest first",
         query=asked.SagaListQuery, answer=shapes.SagaPage, errors=("invalid-cursor", "key-ambiguous")),
    _get("/api/v1/sagas/{id}", "showSaga", sagas.show_saga, "Sagas", "A saga as a whole",
         query=asked.MachineQuery, answer=shapes.SagaDocument, errors=("invalid-text", *_FIND)),
    _get("/api/v1/sagas/{id}/history", "showHistory", sagas.show_history, "Sagas", "The whole history, by pages",
         query=asked.HistoryQuery, answer=shapes.HistoryPage, errors=("invalid-text", *_FIND)),
    _get("/api/v1/sagas/{id}/diagram", "drawSaga", diagrams.draw_saga, "Sagas", "The way a saga took",
         query=asked.SagaDrawingQuery, answer=ANY_PICTURE, errors=("invalid-text", *_FIND, *_DRAW)),
    _post("/api/v1/sagas/{id}/events", "takeEvent", sagas.take_event, "Sagas", "Tell a saga what happened",
          body=asked.NewEvent, query=asked.MachineQuery, answer=shapes.EventAnswer, errors=_TELL),
)  # fmt: skip

_INTERVENTIONS = (
    _post("/api/v1/sagas/{id}/retry", "retryEntry", interventions.retry, "Interventions",
          "Try parked entries again", body=asked.RetryEntry, answer=shapes.EventAnswer,
          errors=(*_MEND, "entry-not-found", "expression-failed", "key-taken")),
    _post("/api/v1/sagas/{id}/skip", "skipEntry", interventions.skip, "Interventions",
          "Give an entry up", body=asked.SkipEntry, answer=shapes.EventAnswer,
          errors=(*_MEND, "entry-not-found", "expression-failed")),
    _post("/api/v1/sagas/{id}/answer", "answerEntry", interventions.answer, "Interventions",
          "Answer a command in its receiver's place", body=asked.AnswerEntry, answer=shapes.EventAnswer,
          errors=(*_MEND, "entry-not-found", "payload-invalid", "expression-failed", "key-taken")),
    _post("/api/v1/sagas/{id}/move", "moveSaga", interventions.move, "Interventions",
          "Put a saga into a state", body=asked.MoveSaga, answer=shapes.EventAnswer,
          errors=(*_MEND, "state-not-found", "expression-failed")),
    _post("/api/v1/sagas/{id}/pause", "pauseSaga", interventions.pause, "Interventions",
          "Let nothing of a saga become due", body=asked.PauseSaga, answer=shapes.EventAnswer, errors=_MEND),
    _post("/api/v1/sagas/{id}/resume", "resumeSaga", interventions.resume, "Interventions",
          "Go on with a paused saga", body=asked.ResumeSaga, answer=shapes.EventAnswer, errors=_MEND),
    _post("/api/v1/bulk", "doBulk", bulk.do_bulk, "Interventions",
          "Do one of these to every saga that a filter finds", body=orders.BulkOrder, answer=reports.BulkReport,
          errors=("invalid-cursor",)),
)  # fmt: skip

_OPERATIONS = (
    _get("/api/v1/agenda", "listAgenda", agenda.list_agenda, "Operations", "What sagas owe, by due time",
         query=asked.AgendaQuery, answer=shapes.AgendaPage, errors=("invalid-cursor",)),
    _get("/api/v1/counts", "showCounts", agenda.show_counts, "Operations", "Sagas by state",
         query=asked.MachineQuery, answer=agenda.Counts),
    _get("/api/v1/dispatch", "showDispatch", dispatch.show_dispatch, "Operations", "Is what sagas owe begun?",
         answer=dispatch.Dispatch),
    _post("/api/v1/dispatch", "setDispatch", dispatch.set_dispatch, "Operations", "Hold what sagas owe, or go on",
          body=orders.SetDispatch, role="admin", answer=dispatch.Dispatch, errors=("action-not-possible",)),
    _get("/-/healthz", "healthz", probes.healthz, "Probes", "Is the process alive?", query=None, role="everybody", answer=shapes.Health),
    _get("/-/ready", "ready", probes.ready, "Probes", "Can it take events?", query=None, role="everybody", answer=shapes.Readiness,
         errors=("not-ready",)),
    _get("/-/metrics", "metrics", probes.show_metrics, "Probes", "Prometheus metrics",
         query=None, role="everybody", answer=("text/plain; version=0.0.4; charset=utf-8",)),
    _get("/documentation", "documentation", documentation.show_page, "Documentation", "This API, for people",
         query=None, role="everybody", answer=("text/html; charset=utf-8",)),
    _get("/documentation/errors", "errorsPage", documentation.show_errors, "Documentation", "Every error code",
         query=None, role="everybody", answer=("text/html; charset=utf-8",)),
    _get("/documentation/openapi.json", "openapi", documentation.show_openapi, "Documentation",
         "This API as OpenAPI 3.1", query=None, role="everybody", answer=("application/json",)),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    *_FLOW_MANAGER,
    *_MACHINES,
    *_SAGAS,
    *_INTERVENTIONS,
    *CALLBACKS,
    *GATEWAY,
    *CHECKOUT,
    *BFF,
    *VIEWS,
    *PAPERS,
    *MAIL,
    *MERCHANT,
    *ACCESS_API,
    *_OPERATIONS,
)

WORKER_ROUTES: tuple[Route, ...] = tuple(
    route for route in _OPERATIONS if route.path.startswith(("/-/", "/api/v1/dispatch"))
)
"""What a daemon answers that has no role api: for whoever runs it, and nobody else."""
