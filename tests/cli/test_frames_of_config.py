"""What stands beside a fault in config.yaml is shown, but for what may be a secret."""

from __future__ import annotations

import pytest

from commands.failures import masked


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('uri: "mongodb://ann:pw@db/", database: a.b', 'uri: "mongodb://******@db/", database: a.b'),
        ("{username: ann, password: pw, port: 1}", "{username: ann, password: **, port: 1}"),
        ('{"password": "p w"}', '{"password": *****}'),
        (
            "authorization: Bearer xyz\nurl: http://host/a@b",
            "authorization: **********\nurl: http://host/a@b",
        ),
        ("password: {env: KAFKA_PASSWORD}", "password: {env: KAFKA_PASSWORD}"),
        ("uri: mongodb://a,b,c/?replicaSet=rs0", "uri: mongodb://a,b,c/?replicaSet=rs0"),
    ],
)
def test_a_secret_is_stars_in_the_same_columns(line: str, shown: str) -> None:
    assert masked(line) == shown
