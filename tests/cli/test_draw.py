from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import app
from tests.cli.test_validate import BAD, GOOD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "door.yaml"
    path.write_text(GOOD)
    return path


def draw(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["draw", *map(str, arguments)])


def test_an_svg_goes_to_stdout(file: Path) -> None:
    result = draw(file)
    assert result.exit_code == 0
    assert result.stdout.startswith("<svg")
    assert 'id="s-CLOSED"' in result.stdout


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.svg", b"<svg"),
        ("a.png", b"\x89PNG"),
        ("a.dot", b"digraph"),
        ("a.mmd", b"stateDiagram-v2"),
        ("a.txt", b"<svg"),
    ],
)
def test_the_ending_says_the_format(file: Path, tmp_path: Path, name: str, start: bytes) -> None:
    out = tmp_path / "new" / name
    result = draw(file, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_bytes().startswith(start)
    assert name in result.stderr


def test_format_overrules_the_ending(file: Path, tmp_path: Path) -> None:
    draw(file, "-o", tmp_path / "a.svg", "--format", "dot")
    assert (tmp_path / "a.svg").read_bytes().startswith(b"digraph")


def test_the_business_level_has_no_technical_states(file: Path) -> None:
    result = draw(file, "--level", "business", "--format", "mermaid")
    assert "SHUT" in result.stdout
    assert "RINGING" not in result.stdout


def test_several_machines_go_into_a_folder(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD.replace("machine: door", "machine: gate"))
    out = tmp_path / "out"
    assert draw(tmp_path, "-o", out).exit_code == 0
    assert {path.name for path in out.iterdir()} == {"door.svg", "other.svg"}
    assert draw(tmp_path).exit_code == 2


def test_a_file_with_errors_is_shown_and_not_drawn(file: Path) -> None:
    file.write_text(BAD)
    result = draw(file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "RINGNG" in result.stderr


def test_without_a_layout_program_it_ends_with_3_and_says_what_to_do(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    result = draw(file)
    assert result.exit_code == 3
    assert "pip install graphviz-pure" in result.stderr


def test_what_cannot_be_is_a_usage_error(file: Path, tmp_path: Path) -> None:
    assert draw().exit_code == 2
    assert draw(tmp_path / "nowhere.yaml").exit_code == 2
    assert draw("--saga", "x", "--data", tmp_path).exit_code == 2
    assert draw("--saga", "x", file, file).exit_code == 2


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(file: Path) -> None:
    result = draw(file, "-o", "/proc/nowhere/a.svg")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_the_way_of_a_saga_comes_from_a_store_that_no_daemon_has_open(tmp_path: Path) -> None:
    import asyncio

    from commands.wiring import adapters
    from engine.assembly import running
    from engine.clock import SystemClock, SystemIds
    from engine.config import load_config

    async def play() -> None:
        config = load_config(None, data=tmp_path)
        async with running(config, adapters=adapters(config), clock=SystemClock(), ids=SystemIds()) as engine:
            metadata: dict[str, Any] = {"shopTransactionId": "t1", "amount": 100, "currency": "EUR"}
            await engine.runner.start("payment", metadata=metadata, saga_id="p1")

    asyncio.run(play())
    result = draw("--saga", "t1", "--data", tmp_path)
    assert result.exit_code == 0, result.output
    assert 'id="s-PAYMENT_CREATED" class="node state initial visited current"' in result.stdout
    assert draw("--saga", "nobody", "--data", tmp_path).exit_code == 1
