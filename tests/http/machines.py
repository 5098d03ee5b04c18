"""The machines of these tests, as YAML."""

from __future__ import annotations

ORDER = """\
machine: order
version: 1
description: An order is paid and delivered.
initialState: CREATED
creationEvent: orderCreated
keys: [metadata.orderNumber]
metadata:
  schema: {type: object, required: [orderNumber], properties: {orderNumber: {type: string}}}
businessStates:
  OPEN: {id: 0, description: The order is being worked on}
  CLOSED: {id: 1, description: The order is done}
businessEvents:
  PAID: {id: 7, description: The money arrived}
events:
  paymentExecuted:
    businessEvent: PAID
    payload: {type: object, required: [paymentId], properties: {paymentId: {type: string}}}
commands:
  prepareOrder:
    channel: shop
    payload: {number: "{{ metadata.orderNumber }}"}
    replies: {done: orderPrepared, refused: orderRefused}
    retry: {attempts: 1}
sideEffects:
  tellCustomer: {channel: shop, payload: {number: "{{ metadata.orderNumber }}"}}
states:
  CREATED:
    businessState: OPEN
    description: Waits for the money
    on:
      paymentExecuted: PAID
      paymentPartlyExecuted:
        - {if: payload.last, to: PAID}
        - {to: CREATED}
    after: {24h: {event: orderExpired, to: EXPIRED}}
  PAID:
    businessState: OPEN
    command: prepareOrder
    on: {orderPrepared: PREPARED, orderRefused: EXPIRED}
  PREPARED: {businessState: CLOSED, final: true, sideEffects: [tellCustomer]}
  EXPIRED: {businessState: CLOSED, final: true}
"""

ORDER_2 = ORDER.replace("version: 1", "version: 2").replace(
    "paid and delivered", "paid, packed and delivered"
)

TICKET = """\
machine: ticket
version: 1
initialState: NEW
creationEvent: ticketOpened
keys: [metadata.orderNumber]
settings: {unexpectedEvents: ignore}
businessStates:
  OPEN: {id: 0, description: Open}
states:
  NEW:
    businessState: OPEN
    on: {ticketTouched: NEW, ticketClosed: DONE}
  DONE: {businessState: OPEN, final: true}
"""

ORDER_3 = (
    ORDER.replace("version: 1", "version: 3")
    .replace("PAID:\n", "PACKING:\n")
    .replace("to: PAID}", "to: PACKING}")
)
ORDER_3 = ORDER_3.replace("paymentExecuted: PAID", "paymentExecuted: PACKING")

SLOW = """\
machine: slow
version: 1
initialState: NEW
creationEvent: slowBegan
businessStates:
  OPEN: {id: 0, description: Open}
states:
  NEW: {businessState: OPEN, sla: {within: 1h}, on: {slowEnded: DONE}}
  DONE: {businessState: OPEN, final: true}
"""

STRICT = """\
machine: strict
version: 1
initialState: NEW
creationEvent: strictBegan
keys: [metadata.orderNumber]
onDuplicate: reject
businessStates:
  OPEN: {id: 0, description: Open}
states:
  NEW: {businessState: OPEN, on: {strictEnded: DONE}}
  DONE: {businessState: OPEN, final: true}
"""

TRIP = """\
machine: trip
version: 1
initialState: BOOKING
creationEvent: tripBegan
businessStates:
  OPEN: {id: 0, description: Open}
commands:
  bookFlight: {channel: shop, undo: cancelFlight, retry: {attempts: 1}}
  bookHotel: {channel: shop, retry: {attempts: 1}}
  cancelFlight: {channel: shop, retry: {attempts: 1}}
states:
  BOOKING: {businessState: OPEN, commands: [bookFlight, bookHotel], on: {$done: BOOKED, $failed: UNDOING}}
  BOOKED: {businessState: OPEN, final: true}
  UNDOING: {businessState: OPEN, compensate: all, on: {$compensated: FAILED, $stuck: FAILED}}
  FAILED: {businessState: OPEN, final: true}
"""
