"""What callers see when the daemon, or what it stands on, fails."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.http.daemon import AWAY, Daemon, served
from web.problems import CATALOGUE, leaves


@served
async def test_a_store_that_is_away_is_a_503_that_asks_to_come_again(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    daemon.store.fault = AWAY
    replies = [
        await daemon.get("/api/v1/sagas"),
        await daemon.get("/api/v1/counts"),
        await daemon.get("/api/v1/agenda"),
        await daemon.get("/api/v1/machines"),
        await daemon.get("/api/v1/sagas/s1"),
        await daemon.post("/saga", {"metadata": {"orderNumber": "n"}}),
        await daemon.post("/api/v1/sagas/s1/events", {"name": "ticketTouched"}),
    ]
    for reply in replies:
        assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "store-unavailable", "1")


@served
async def test_a_bug_is_told_by_an_incident_id_and_nothing_else(daemon: Daemon) -> None:
    daemon.store.fault = RuntimeError("card 4111111111111111 of Ada")
    with capture_logs() as logs:
        reply = await daemon.post(
            "/api/v1/sagas/s1/events", {"name": "ticketTouched", "payload": {"pin": "1234567"}}
        )
    assert (reply.status, reply.code) == (500, "internal")
    [line] = logs
    assert line["incident"] in reply.json["detail"]
    assert line["exception"] == "RuntimeError"
    assert any("web/sagas.py" in place for place in line["where"])
    for secret in ("4111111111111111", "Ada", "1234567"):
        assert secret not in str(line)
        assert secret not in reply.body.decode()


@served
async def test_the_connection_survives_a_bug(daemon: Daemon) -> None:
    daemon.store.fault = KeyError("x")
    with capture_logs():
        assert (await daemon.get("/api/v1/sagas")).status == 500
    daemon.store.fault = None
    assert (await daemon.get("/api/v1/sagas")).status == 200


def test_every_error_of_the_engine_is_in_the_catalogue_under_its_status() -> None:
    assert {error.code: error.http_status for error in leaves()}.items() <= {
        code: kind.status for code, kind in CATALOGUE.items()
    }.items()
    assert all(kind.title and kind.meaning for kind in CATALOGUE.values())
