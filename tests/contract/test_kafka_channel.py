"""The channel contract on a Kafka broker, and what is the kafka channel's own: format, poison, settings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from adapters.channels.kafka import KafkaChannel, open_kafka
from adapters.channels.kafka_options import read_settings
from adapters.channels.kafka_outlet import client_options
from adapters.channels.kafka_pace import Pace
from engine.errors import (
    ChannelUnavailable,
    ConfigInvalid,
    EventNotAccepted,
    PayloadInvalid,
    SagaNotFound,
    StoreUnavailable,
)
from engine.model import Answer, Delivery, Done, Event, Failed, Later
from engine.ports import Inlet, Take
from tests.contract.channel_contract import SECRET, ChannelContract, Subject
from tests.contract.kafka_broker import Broker, broker, free_port, own_broker
from tests.contract.kafka_cut import way_to
from tests.fakes.waiting import wait_until

HERE = Path(__file__).parent
QUICK = Pace(session=2_000, finish=1.0, poll=50, commit=0.02, pulse=0.3, absence=5.0, retry=0.02, again=0.1)

COMMAND = Delivery(
    id="entry-1",
    saga_id="saga-1",
    entity_id="",
    machine="order",
    kind="command",
    name="prepareOrder",
    payload={"address": SECRET, "items": [{"sku": "ä", "count": 2}], "amount": 1299},
    replies={"done": "orderPrepared", "failed": "prepareOrderFailed"},
)


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    with broker() as running:
        yield running


@asynccontextmanager
async def channel_of(kafka: Broker, **options: Any) -> AsyncIterator[KafkaChannel]:
    channel = KafkaChannel("bus", read_settings("bus", {**kafka.options, **options}, HERE), QUICK)
    try:
        yield channel
    finally:
        await channel.close()


class TestKafkaChannel(ChannelContract):
    @pytest.fixture(autouse=True)
    def _broker(self, kafka: Broker) -> None:
        self.kafka = kafka

    def open(self) -> AbstractAsyncContextManager[Subject]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Subject]:
        topic = await self.kafka.topic("commands", 3)
        async with channel_of(self.kafka, outputTopics=[topic]) as channel:
            broken = replace(COMMAND, payload={"address": SECRET, "total": float("nan")})
            yield Subject(channel=channel, delivery=COMMAND, broken=broken)


def test_a_command_is_what_the_flow_manager_would_have_written_in_every_output_topic(kafka: Broker) -> None:
    async def body() -> None:
        first, second = await kafka.topic("first"), await kafka.topic("second")
        async with channel_of(kafka, outputTopics=[first, second]) as channel:
            assert await channel.send(COMMAND) == Done()
        for topic in (first, second):
            [record] = await kafka.read(topic, 1)
            assert record.key == b"saga-1"
            assert (
                record.value
                == json.dumps(
                    {"messageLabel": "prepareOrder", "messagePayload": COMMAND.payload},
                    separators=(",", ":"),
                    ensure_ascii=False,
                ).encode()
            )
            assert dict(record.headers) == {"idempotency-key": b"entry-1", "saga-id": b"saga-1"}

    asyncio.run(body())


def test_the_commands_of_a_saga_stay_in_one_partition_in_order(kafka: Broker) -> None:
    async def body() -> None:
        topic = await kafka.topic("commands", 4)
        async with channel_of(kafka, outputTopics=[topic]) as channel:
            for number in range(20):
                await channel.send(replace(COMMAND, id=f"entry-{number}"))
        records = await kafka.read(topic, 20, 4)
        assert len({record.partition for record in records}) == 1
        assert [dict(record.headers)["idempotency-key"] for record in records] == [
            f"entry-{number}".encode() for number in range(20)
        ]

    asyncio.run(body())


def test_a_broker_that_is_away_had_no_effect_for_certain() -> None:
    async def body() -> None:
        nowhere = Broker(address="127.0.0.1:9", process=None)
        async with channel_of(nowhere, outputTopics=["commands"]) as channel:
            outcome = await channel.send(COMMAND)
        assert isinstance(outcome, Later)
        assert not outcome.uncertain
        assert outcome.reason == "no connection to Kafka: KafkaConnectionError"

    asyncio.run(body())


def test_a_message_that_is_too_large_is_final(kafka: Broker) -> None:
    async def body() -> None:
        topic = await kafka.topic("commands")
        async with channel_of(kafka, outputTopics=[topic]) as channel:
            outcome = await channel.send(replace(COMMAND, payload={"address": "x" * 17_000_000}))
        assert outcome == Failed(reason="the message is larger than Kafka takes")

    asyncio.run(body())


def test_a_command_whose_confirmation_is_lost_is_written_once_all_the_same() -> None:
    async def body() -> None:
        at = free_port()
        with own_broker(advertised=at) as behind:
            async with way_to(int(behind.address.rpartition(":")[2]), at=at) as way:
                kafka = replace(behind, address=f"127.0.0.1:{at}")
                topic = await kafka.topic("commands", 3)
                async with channel_of(kafka, outputTopics=[topic], idempotent=True) as channel:
                    assert await channel.send(COMMAND) == Done()
                    way.cuts = 2
                    sent = [replace(COMMAND, id=f"e{n}", saga_id=f"s{n % 7}") for n in range(100)]
                    assert await asyncio.gather(*map(channel.send, sent)) == [Done()] * 100
                    assert way.cuts == 0
                    await channel.send(replace(COMMAND, id="last"))
                ids = [dict(record.headers)["idempotency-key"] for record in await kafka.read(topic, 102, 3)]
                assert sorted(ids) == sorted(
                    [b"entry-1", b"last", *(f"e{number}".encode() for number in range(100))]
                )

    asyncio.run(body())


async def nothing(handle: str, event: Event) -> Answer:
    raise AssertionError("no event was sent")


def test_topics_that_are_missing_are_named_and_not_made(kafka: Broker) -> None:
    async def body() -> None:
        there = await kafka.topic("there", dead_letters=False)
        options = {"inputTopics": [there, "not-there"], "outputTopics": [there], "consumerGroup": "sagaloom"}
        for _ in range(2):
            async with channel_of(kafka, **options) as channel:
                with pytest.raises(ConfigInvalid) as caught:
                    await channel.start(nothing)
        assert str(caught.value) == (
            f"channel bus: Kafka has no topic not-there, {there}.dead-letter, not-there.dead-letter, "
            "or its user may not see it; create it and start again"
        )

    asyncio.run(body())


def test_a_broker_that_is_away_at_the_start_is_said_in_a_sentence() -> None:
    async def body() -> None:
        nowhere = Broker(address="127.0.0.1:9", process=None)
        async with channel_of(nowhere, inputTopics=["events"], consumerGroup="sagaloom") as channel:
            with pytest.raises(ChannelUnavailable, match=r"channel bus: no Kafka broker answers at 127\.0"):
                await channel.start(nothing)

    asyncio.run(body())


def test_a_channel_that_only_sends_is_healthy_and_still_looks_for_its_topics(kafka: Broker) -> None:
    async def body() -> None:
        async with channel_of(kafka, outputTopics=[await kafka.topic("commands")]) as channel:
            assert isinstance(channel, Inlet)
            await channel.start(nothing)
            assert channel.healthy() is None
        async with channel_of(kafka, outputTopics=["not-there"]) as channel:
            with pytest.raises(ConfigInvalid, match="not-there"):
                await channel.start(nothing)

    asyncio.run(body())


class Taken:
    """An engine that keeps what it is told, and refuses as it is asked to."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        self.away = 0

    async def take(self, handle: str, event: Event) -> Answer:
        if handle == "wait" and self.away:
            self.away -= 1
            raise StoreUnavailable("the database is away")
        refusals: dict[str, Exception] = {
            "unknown": SagaNotFound("there is no saga unknown"),
            "early": EventNotAccepted("the state does not take it"),
            "unfit": PayloadInvalid("the payload does not fit", [SECRET]),
            "defect": ZeroDivisionError(SECRET),
        }
        if handle in refusals:
            raise refusals[handle]
        self.events.append((handle, event))
        name = "another" if handle == "reused" else event.name
        repeated = handle == "reused"
        return Answer(saga_id=handle, version=1, state="A", result="applied", event=name, repeated=repeated)


@asynccontextmanager
async def taking(kafka: Broker, take: Take, *topics: str, **options: Any) -> AsyncIterator[KafkaChannel]:
    given = {"inputTopics": list(topics), "consumerGroup": topics[0], **options}
    async with channel_of(kafka, **given) as channel:
        await channel.start(take)
        yield channel


def told(label: str, **payload: Any) -> bytes:
    return json.dumps({"messageLabel": label, "messagePayload": payload}).encode()


POISON: list[tuple[bytes | None, bytes | None, str]] = [
    (b"s", b"{", "invalid-json"),
    (b"s", None, "invalid-json"),
    (b"s", b"\xff", "invalid-json"),
    (b"s", b'{"messageLabel": "a", "messagePayload": {"x": NaN}}', "invalid-json"),
    (b"s", b'{"messageLabel": "a", "messagePayload": ' + b'{"x":' * 50_000, "invalid-json"),
    (b"s", b'["a"]', "invalid-message"),
    (b"s", b'{"messagePayload": {}}', "invalid-message"),
    (b"s", b'{"messageLabel": 7}', "invalid-message"),
    (b"s", b'{"messageLabel": ""}', "invalid-message"),
    (b"s", b'{"messageLabel": "a", "messagePayload": [1]}', "invalid-message"),
    (b"s", told("a", x="\0"), "invalid-text"),
    (b"s", told("a", x=2**70), "number-out-of-range"),
    (
        b"s",
        b'{"messageLabel": "a", "messagePayload": {"x": ' + b"[" * 80 + b"]" * 80 + b"}}",
        "json-too-deep",
    ),
    (None, told("a"), "no-key"),
    (b"", told("a"), "no-key"),
    (b"\xff\xfe", told("a"), "no-key"),
    (b"unknown", told("a"), "saga-not-found"),
    (b"early", told("a"), "event-not-accepted"),
    (b"unfit", told("a"), "payload-invalid"),
    (b"defect", told("a"), "defect"),
]


def test_what_is_no_event_goes_to_the_dead_letters_with_the_reason_and_counts_as_done(kafka: Broker) -> None:
    async def body() -> None:
        topic, engine = await kafka.topic("events"), Taken()
        async with kafka.producer() as producer:
            for key, value, code in POISON:
                await producer.send_and_wait(
                    topic, key=key, value=value, headers=[("sent-as", code.encode()), ("null", None)]
                )
            headers = [("idempotency-key", b"once")]
            await producer.send_and_wait(topic, key=b"reused", value=told("a"), headers=headers)
            await producer.send_and_wait(
                topic, key=b"s", value=told("a"), headers=[("Idempotency-Key", b"\n")]
            )
            await producer.send_and_wait(topic, key=b"good", value=told("shipped", shelf=4))
        sent = len(POISON) + 3
        async with taking(kafka, engine.take, topic):
            dead = await kafka.read(f"{topic}.dead-letter", sent - 1)
            await wait_until(lambda: _reached(kafka, topic, sent), within=10, what="the commit")
        by_place = {int(dict(record.headers)["dead-letter-offset"]): record for record in dead}
        assert sorted(by_place) == list(range(sent - 1))
        for place, (key, value, code) in enumerate(POISON):
            record, said = by_place[place], dict(by_place[place].headers)
            assert (record.key or None, record.value) == (key or None, value)
            assert said["dead-letter-code"] == code.encode() == said["sent-as"]
            assert (said["dead-letter-topic"], said["dead-letter-partition"]) == (topic.encode(), b"0")
            assert said["dead-letter-reason"]
            assert SECRET.encode() not in b"".join(value or b"" for value in said.values())
        assert dict(by_place[len(POISON)].headers)["dead-letter-code"] == b"id-reused"
        assert dict(by_place[len(POISON) + 1].headers)["dead-letter-code"] == b"invalid-header"
        event = Event(name="shipped", payload={"shelf": 4}, id=f"{topic}-0-{sent - 1}", actor="bus")
        assert engine.events[-1] == ("good", event)

    asyncio.run(body())


async def _reached(kafka: Broker, topic: str, offset: int) -> bool | None:
    return await kafka.committed(topic) == offset or None


def test_events_of_several_topics_come_in_and_dead_letters_may_share_a_topic(kafka: Broker) -> None:
    async def body() -> None:
        topics, engine = [await kafka.topic("events", 2), await kafka.topic("more")], Taken()
        dead = await kafka.topic("dead", dead_letters=False)
        async with kafka.producer() as producer:
            for topic in topics:
                await producer.send_and_wait(topic, key=b"s", value=told("a"))
                await producer.send_and_wait(topic, key=b"s", value=b"?")
        async with taking(kafka, engine.take, *topics, deadLetterTopic=dead):
            records = await kafka.read(dead, 2)
        assert {dict(record.headers)["dead-letter-topic"].decode() for record in records} == set(topics)
        assert len(engine.events) == 2

    asyncio.run(body())


def test_the_senders_id_is_the_events_id_and_a_payload_may_be_left_out(kafka: Broker) -> None:
    async def body() -> None:
        topic, engine = await kafka.topic("events"), Taken()
        headers = [("idempotency-key", b"first"), ("idempotency-key", b"paid-7")]
        async with kafka.producer() as producer:
            await producer.send_and_wait(
                topic, key="ключ".encode(), value=b'{"messageLabel": "paid", "v": 1}'
            )
            await producer.send_and_wait(topic, key=b"order-7", value=told("paid"), headers=headers)
        async with taking(kafka, engine.take, topic):
            await wait_until(lambda: _reached(kafka, topic, 2), within=10, what="the commit")
        assert {(handle, event.id) for handle, event in engine.events} == {
            ("ключ", f"{topic}-0-0"),
            ("order-7", "paid-7"),
        }
        assert [event.payload for _, event in engine.events] == [{}, {}]

    asyncio.run(body())


def test_while_the_store_is_away_an_event_waits_with_all_behind_it_and_nothing_is_committed_past_it(
    kafka: Broker,
) -> None:
    async def body() -> None:
        topic, engine = await kafka.topic("events"), Taken()
        engine.away = 1_000_000
        async with kafka.producer() as producer:
            await producer.send_and_wait(topic, key=b"s", value=told("first"))
            for name in ("a", "b", "c"):
                await producer.send_and_wait(topic, key=b"wait", value=told(name))
            await producer.send_and_wait(topic, key=b"s", value=told("last"))

            async with taking(kafka, engine.take, topic):
                await wait_until(lambda: _told(engine, "last"), within=10, what="the other saga's event")
                await wait_until(lambda: _reached(kafka, topic, 1), within=10, what="the commit before it")
                assert engine.away < 1_000_000
                engine.away = 3
                await wait_until(lambda: _reached(kafka, topic, 5), within=10, what="all to be done")
        assert [event.name for handle, event in engine.events if handle == "wait"] == ["a", "b", "c"]

    asyncio.run(body())


async def _told(engine: Taken, name: str) -> bool | None:
    return any(event.name == name for _, event in engine.events) or None


def test_no_more_than_a_window_is_in_hand_while_the_engine_is_slow(kafka: Broker) -> None:
    async def body() -> None:
        topic = await kafka.topic("events")
        gate, begun, most = asyncio.Event(), 0, 0

        async def slow(handle: str, event: Event) -> Answer:
            nonlocal begun, most
            begun += 1
            most = max(most, begun)
            await gate.wait()
            begun -= 1
            return Answer(saga_id=handle, version=1, state="A", result="applied", event=event.name)

        async def full() -> bool | None:
            return most >= 20 or None

        async with kafka.producer() as producer:
            sends = [
                await producer.send(topic, key=f"s{number}".encode(), value=told("a"))
                for number in range(400)
            ]
            await asyncio.gather(*sends)
        settings = read_settings(
            "bus", {**kafka.options, "inputTopics": [topic], "consumerGroup": topic}, HERE
        )
        channel = KafkaChannel("bus", settings, replace(QUICK, window=20, batch=10))
        await channel.start(slow)
        try:
            await wait_until(full, within=10, what="a full window")
            gate.set()
            await wait_until(lambda: _reached(kafka, topic, 400), within=10, what="all to be done")
            assert most <= 30, "a window and the batch that filled it"
        finally:
            await channel.close()

    asyncio.run(body())


def test_readiness_follows_the_connection() -> None:
    async def body() -> None:
        with own_broker() as kafka:
            topic = await kafka.topic("events")
            async with taking(kafka, nothing, topic) as channel:
                assert channel.healthy() is not None, "it has not joined the group yet"
                await wait_until(lambda: _well(channel), within=10, what="the consumer to join")
                assert kafka.process is not None
                kafka.process.kill()
                said = await wait_until(lambda: _ill(channel), within=10, what="the loss to be noticed")
                assert "no answer from the broker" in said

    asyncio.run(body())


async def _well(channel: KafkaChannel) -> bool | None:
    return channel.healthy() is None or None


async def _ill(channel: KafkaChannel) -> str | None:
    return channel.healthy()


GOOD: dict[str, Any] = {"brokers": ["a:1"], "outputTopics": ["o"]}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"brokers": ["a:1"]},
        {**GOOD, "brokers": []},
        {**GOOD, "brokers": "a"},
        {**GOOD, "brokers": ["http://a:1"]},
        {**GOOD, "brokers": [7]},
        {**GOOD, "outputTopics": "o"},
        {**GOOD, "outputTopics": ["a b"]},
        {**GOOD, "outputTopics": [".."]},
        {**GOOD, "inputTopics": ["i"]},
        {**GOOD, "inputTopics": ["i"], "consumerGroup": ""},
        {**GOOD, "inputTopics": ["i"], "consumerGroup": "g", "deadLetterTopic": "i"},
        {**GOOD, "inputTopics": ["i", "i.dead-letter"], "consumerGroup": "g"},
        {**GOOD, "deadLetterTopic": "a b"},
        {**GOOD, "clientId": 7},
        {**GOOD, "idempotent": "yes"},
        {**GOOD, "colour": "red"},
        {**GOOD, "security": "SSL"},
        {**GOOD, "security": {"protocol": "TLS"}},
        {**GOOD, "security": {"colour": SECRET}},
        {**GOOD, "security": {"protocol": "SASL_SSL", "username": "u"}},
        {**GOOD, "security": {"protocol": "SASL_SSL", "password": SECRET}},
        {**GOOD, "security": {"mechanism": "GSSAPI"}},
        {**GOOD, "security": {"mechanism": "PLAIN"}},
        {**GOOD, "security": {"username": "u", "password": SECRET}},
        {**GOOD, "security": {"protocol": "SSL", "username": "u", "password": SECRET}},
        {**GOOD, "security": {"caFile": "ca.pem"}},
        {
            **GOOD,
            "security": {"protocol": "SASL_PLAINTEXT", "username": "u", "password": SECRET, "caFile": "x"},
        },
        {**GOOD, "security": {"protocol": "SSL", "keyFile": "key.pem"}},
        {**GOOD, "security": {"protocol": "SSL", "caFile": "nowhere.pem"}},
        {**GOOD, "security": {"protocol": "SSL", "caFile": Path(__file__).name}},
        {**GOOD, "security": {"protocol": "SSL", "certFile": Path(__file__).name}},
    ],
)
def test_wrong_options_are_refused_when_the_channel_is_opened_and_never_shown(
    options: dict[str, Any],
) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        open_kafka("bus", options, HERE)
    assert str(caught.value).startswith("channel bus: ")
    assert SECRET not in str(caught.value)


def test_brokers_may_be_one_text_and_the_security_is_what_was_asked_for() -> None:
    security = {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-512", "username": "u", "password": SECRET}
    settings = read_settings("bus", {**GOOD, "brokers": "a:1, b:2", "security": security}, HERE)
    assert settings.brokers == ("a:1", "b:2")
    assert (settings.security.mechanism, settings.security.username) == ("SCRAM-SHA-512", "u")
    assert settings.security.tls is not None
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_the_client_library_takes_every_way_to_sign_in_as_it_is_written(
    protocol: str, mechanism: str
) -> None:
    security = {"protocol": protocol, "mechanism": mechanism, "username": "me", "password": SECRET}
    settings = read_settings("bus", {**GOOD, "security": security}, HERE)

    async def body() -> None:
        producer = AIOKafkaProducer(**client_options(settings))  # checks what it is given; connects later
        client = producer.client
        assert (client._security_protocol, client._sasl_mechanism) == (protocol, mechanism)
        assert (client._sasl_plain_username, client._sasl_plain_password) == ("me", SECRET)
        assert (client._ssl_context is not None) == (protocol == "SASL_SSL")
        await producer.stop()

    asyncio.run(body())
