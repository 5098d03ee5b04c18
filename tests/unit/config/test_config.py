from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.config import Config, load_config
from engine.errors import ConfigInvalid

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "machines").mkdir()

    def written(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return written


def wrong(path: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(ConfigInvalid) as caught:
        load_config(path)
    assert all(finding.file == str(path) for finding in caught.value.findings)
    return [(finding.code, finding.line, finding.message) for finding in caught.value.findings]


def test_without_a_file_the_shipped_machines_run_on_sqlite_behind_the_loopback_address() -> None:
    config = load_config(None)
    assert (config.http.host, config.http.port, config.http.max_body) == ("127.0.0.1", 8080, 1_000_000)
    assert (config.store.type, dict(config.store.options)) == ("sqlite", {"path": "data/sagaloom.db"})
    assert config.base == Path.cwd()
    assert [path.name for path in config.machines] == ["machines"]
    assert config.machines[0].is_dir()
    assert config.default_machine == "payment"
    assert config.channels["payments"].type == "payments"


def test_a_file_says_everything(write: Write) -> None:
    config = load_config(
        write("""
store: {type: memory}
machines: [machines/]
defaultMachine: order
http: {host: 0.0.0.0, port: 0, maxBody: 512kB}
log: {level: debug}
channels:
  erp: {type: rest, url: "http://127.0.0.1:9/x", method: PUT, headers: {x-a: b}, timeout: 10s}
providers:
  fake: {type: sandbox}
""")
    )
    assert (config.store.type, config.default_machine, config.log_level) == ("memory", "order", "debug")
    assert (config.http.host, config.http.port, config.http.max_body) == ("0.0.0.0", 0, 512_000)
    assert set(config.channels) == {"erp", "merchant"}  # which machines/payment.yaml names, used or not
    assert config.channels["erp"].options["headers"] == {"x-a": "b"}
    assert config.channels["erp"].options["timeout"] == "10s"
    assert config.providers["fake"].type == "sandbox"
    assert config.machines == (config.base / "machines",)


def test_a_file_that_says_little_keeps_the_defaults(write: Write) -> None:
    config = load_config(write("log: {level: warning}"))
    assert (config.store.type, config.http.port) == ("sqlite", 8080)
    assert set(config.channels) == set(load_config(None).channels)
    assert config.default_machine is None


def test_paths_start_from_the_folder_of_the_file(write: Write) -> None:
    path = write("store: {type: sqlite, path: my.db}")
    config = load_config(path)
    assert config.base == path.parent.resolve()
    assert config.store.options["path"] == "my.db"


@pytest.mark.parametrize("text", [None, "store: {type: sqlite, path: deep/sagaloom.db}"])
def test_the_data_folder_takes_the_store_in(text: str | None, write: Write, tmp_path: Path) -> None:
    config = load_config(None if text is None else write(text), data=tmp_path / "here")
    assert config.store.options["path"] == str(tmp_path / "here" / "sagaloom.db")


def test_a_data_folder_for_a_store_without_files_is_refused(write: Write, tmp_path: Path) -> None:
    path = write("store: {type: memory}")
    with pytest.raises(ConfigInvalid, match="memory"):
        load_config(path, data=tmp_path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [("1", 1), ('"1"', 1), ("10B", 10), ("2kB", 2_000), ("2KB", 2_000), ("1KiB", 1_024), ("1MB", 1_000_000), ("1 MiB", 1_048_576), ("1GB", 1_000_000_000)],
)  # fmt: skip
def test_sizes_are_understood(size: str, expected: int, write: Write) -> None:
    assert load_config(write(f"http: {{maxBody: {size}}}")).http.max_body == expected


@pytest.mark.parametrize(
    "size", ["0", "-1", "1.5MB", "1ZB", "2GiB", "MB", "lots", "[1]", "true", "999999999999999"]
)
def test_what_is_no_size_is_found(size: str, write: Write) -> None:
    assert wrong(write(f"http: {{maxBody: {size}}}"))


def read(config: Config, name: str) -> str:
    value: str = config.channels["erp"].options["headers"][name]
    return value


def test_secrets_are_read_from_files_and_from_the_environment(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("from file\n")
    monkeypatch.setenv("ERP_TOKEN", "from env")
    config = load_config(
        write(
            "channels: {erp: {type: rest, url: {env: ERP_TOKEN}, headers: {a: {file: token}, b: {env: ERP_TOKEN}}}}"
        )
    )
    assert read(config, "a") == "from file"
    assert f"Bearer {read(config, 'b')}" == "Bearer from env"
    assert config.channels["erp"].options["url"] == "from env"


def test_no_repr_shows_a_secret_or_an_option(write: Write, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush-hush\n")
    config = load_config(
        write("channels: {erp: {type: rest, url: 'http://u:open-word@h', headers: {a: {file: token}}}}")
    )
    options = config.channels["erp"].options
    shown = [repr(config), str(config), f"{config.channels}", repr(options), str(options), f"{options}"]
    shown += [
        repr(dict(options)),
        repr(options["headers"]),
        repr(dict(options["headers"])),
        repr([read(config, "a")]),
    ]
    assert not [text for text in shown if "hush" in text]
    assert not [text for text in shown[:6] if "open-word" in text]


def test_a_secret_keeps_all_but_its_last_line_break(write: Write, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b" two\nlines \r\n")
    config = load_config(write("channels: {erp: {type: rest, url: {file: token}}}"))
    assert config.channels["erp"].options["url"] == " two\nlines "


@pytest.mark.parametrize(
    "secret",
    [
        "{file: nowhere}",
        "{file: machines}",
        "{file: empty}",
        "{file: binary}",
        "{file: huge}",
        "{env: SAGALOOM_NOT_SET}",
    ],
)
def test_a_secret_that_cannot_be_read_is_found_at_its_place(
    secret: str, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "huge").write_bytes(b"x" * 70_000)
    assert "SAGALOOM_NOT_SET" not in os.environ
    found = wrong(write(f"channels:\n  erp:\n    type: rest\n    url: {secret}\n"))
    assert [(code, line) for code, line, _ in found] == [("file-unreadable", 4)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("machnes: [a]", "unknown-key", 1),
        ("store: {type: sqlite, pth: x}", "unknown-key", 1),
        ("store: {type: mysql}", "wrong-value", 1),
        ("store: {path: x}", "missing-key", 1),
        ("store:", "wrong-type", 1),
        ("http:\n  port: 70000", "wrong-value", 2),
        ("http:\n  port: http", "wrong-type", 2),
        ("log: {level: loud}", "wrong-value", 1),
        ("machines: []", "wrong-value", 1),
        ("machines:\n  - nowhere", "file-unreadable", 2),
        ("channels:\n  a: {type: rest}", "missing-key", 2),
        ("channels:\n  a: {type: rest, url: x, method: GET}", "wrong-value", 2),
        ("channels:\n  a: {type: rest, url: x, timeout: 10}", "wrong-type", 2),
        ("channels:\n  a: {type: rest, url: x, timeout: 1h30}", "bad-duration", 2),
        ("channels:\n  a: {type: rest, url: x, retries: 3}", "unknown-key", 2),
        ("channels:\n  a: {type: python}", "missing-key", 2),
        ("channels:\n  a: {type: payments, url: x}", "unknown-key", 2),
        ("channels:\n  a: {type: log, url: x}", "unknown-key", 2),
        ("channels:\n  a b: {type: log}", "bad-name", 2),
        ("channels:\n  a: {type: rest, url: {file: x, env: y}}", "wrong-value", 2),
        ("channels:\n  a: {type: rest, url: {path: x}}", "unknown-key", 2),
        ("providers: {a: {type: bank}}", "wrong-value", 1),
        ("providers: {a: {type: sandbox, key: x}}", "unknown-key", 1),
        ("http: {port: 1, port: 2}", "duplicate-key", 1),
        ("a: &a [*a]", "cyclic-alias", 1),
        ("a: }", "yaml-syntax", 1),
        ("a: \x00", "control-character", 1),
        ("[1, 2]", "wrong-type", 1),
        ("", "empty-file", 1),
    ],
)
def test_what_is_wrong_with_a_file_is_found_with_its_place(
    text: str, code: str, line: int, write: Write
) -> None:
    assert (code, line) in [(found, at) for found, at, _ in wrong(write(text))]


def test_a_key_that_is_nearly_right_is_guessed(write: Write) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load_config(write("defaultMachin: order"))
    assert caught.value.findings[0].fix == "did you mean defaultMachine?"


def test_all_that_is_wrong_is_told_at_once(write: Write) -> None:
    assert len(wrong(write("a: 1\nlog: {level: loud}\nhttp: {port: -1}"))) == 3


def test_a_huge_file_is_refused_without_being_read_whole(write: Write) -> None:
    assert [code for code, _, _ in wrong(write("#" * 6_000_000))] == ["file-too-large"]


def test_a_file_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be read: No such file"):
        load_config(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("written", "url", "hosts"),
    [
        ("{port: 8081}", "http://127.0.0.1:8081", ()),
        ("{port: 0}", None, ()),
        (
            '{publicUrl: "https://pay.shop.example/hub/"}',
            "https://pay.shop.example/hub",
            ("pay.shop.example",),
        ),
    ],
)
def test_the_public_address_is_the_one_given_or_this_machine(
    write: Write, written: str, url: str | None, hosts: tuple[str, ...]
) -> None:
    http = load_config(write(f"http: {written}")).http
    assert (http.public_url, http.public_hosts) == (url, hosts)
