"""A trip that is booked in parts, for the tests of this folder: fan-out, compensation, timers, guards."""

from __future__ import annotations

TRIP = """
machine: trip
version: 1
initialState: BOOKING
creationEvent: tripAsked
metadata: {schema: {type: object, required: [traveller], properties: {traveller: {type: string}}}}
businessStates:
  OPEN: {id: 0, description: Being booked, on: {cancelled: UNDOING}}
  FAILED: {id: 1, description: Not booked}
  BOOKED: {id: 2, description: Booked}
commands:
  bookFlight: {channel: air, payload: {who: "{{ metadata.traveller }}"}, replies: {done: flightBooked, failed: flightFailed}, undo: cancelFlight}
  bookHotel: {channel: beds, replies: {done: hotelBooked, failed: hotelFailed}, undo: cancelHotel}
  bookCar: {channel: wheels, replies: {done: carBooked, failed: carFailed}}
  cancelFlight: {channel: air, retry: {attempts: 3}}
  cancelHotel: {channel: beds, retry: {attempts: 3}}
sideEffects:
  tell: {channel: mail}
states:
  BOOKING:
    businessState: OPEN
    commands: [bookFlight, bookHotel]
    on: {$done: CAR, $failed: UNDOING}
  CAR:
    businessState: OPEN
    command: bookCar
    on:
      carBooked: [{if: payload.small is defined, to: WAITING}, {to: BOOKED}]
      carFailed: UNDOING
    after: {1h: {event: carTooLate, to: UNDOING}}
  WAITING:
    businessState: OPEN
    on: {agreed: {to: BOOKED, set: {agreed: "{{ payload.by }}"}}}
    after: {15m: WAITING_LONG}
  WAITING_LONG:
    businessState: OPEN
    after: {0s: {event: hurried, to: BOOKED}}
  UNDOING:
    businessState: FAILED
    compensate: all
    on: {$compensated: FAILED, $stuck: {sideEffects: [tell]}}
  BOOKED: {businessState: BOOKED, final: true, sideEffects: [tell]}
  FAILED: {businessState: FAILED, final: true}
"""

POLLED = """
machine: polled
version: 1
initialState: PENDING
creationEvent: begun
businessStates: {OPEN: {id: 0, description: Open}}
commands:
  look: {channel: outside, replies: {done: seen}, timeout: 5s, retry: {attempts: 1}}
states:
  PENDING:
    businessState: OPEN
    poll: {command: look, every: 10s, factor: 2, maxEvery: 1m, for: 10m, giveUp: tooLong}
    on:
      seen: [{if: payload.over, to: OVER}, {description: Not yet}]
      tooLong: OVER
  OVER: {businessState: OPEN, final: true}
"""
