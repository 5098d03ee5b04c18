from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from commands.wiring import papers_of
from engine.config import load_config
from engine.errors import ConfigInvalid
from engine.model import Json
from hub.invoice_settings import read_settings
from hub.invoice_sheet import Sheets

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50


def test_the_original_s_company_file_is_read_as_it_is(tmp_path: Path) -> None:
    company = {
        "companyName": "Mia",
        "address": "Via Roma 12\nMilano",
        "telephoneNumber": "1",
        "logo": base64.b64encode(PNG).decode(),
    }
    (tmp_path / "company.json").write_text(json.dumps(company))
    settings = read_settings({"company": "company.json"}, tmp_path)
    assert settings.company == {
        "companyName": "Mia",
        "address": ["Via Roma 12", "Milano"],
        "telephoneNumber": "1",
    }
    assert settings.logo.startswith("data:image/png;base64,")


def test_a_logo_may_be_a_file_or_a_data_uri(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    by_file = read_settings({"company": {"logoFile": "logo.png"}}, tmp_path).logo
    assert read_settings({"company": {"logo": by_file}}, tmp_path).logo == by_file


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"company": "nowhere.json"}, "cannot be read"),
        ({"company": "list.json"}, "company"),
        ({"company": {"companyName": 7}}, "company"),
        ({"company": {"logoFile": "nowhere.png"}}, "cannot be read"),
        ({"company": {"logo": "%%%"}}, "logo"),
        ({"company": {"logo": base64.b64encode(b"<svg/>").decode()}}, "logo"),
        ({"series": {"invoices": "A", "creditNotes": "A"}}, "series"),
        ({"series": {"invoices": "A-1"}}, "series"),
        ({"taxRate": 120}, "taxRate"),
        ({"language": "de"}, "language"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"currency": "XXX"}, "currency"),
        ({"templates": "nowhere"}, "templates"),
    ],
)
def test_what_is_wrong_is_named(wrong: Json, told: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ConfigInvalid, match=told):
        read_settings(wrong, tmp_path)


def test_texts_and_templates_of_a_team_take_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_text('{"invoice": "Tax invoice"}')
    sheets = Sheets(read_settings({"templates": "."}, tmp_path))
    assert sheets.texts["en"]["invoice"] == "Tax invoice"
    assert sheets.texts["en"]["creditNote"] == "Credit note"
    (tmp_path / "it.json").write_text("[]")
    with pytest.raises(ConfigInvalid, match=r"it\.json"):
        Sheets(read_settings({"templates": "."}, tmp_path))


def test_both_languages_say_the_same_things() -> None:
    texts = Sheets(read_settings({}, Path())).texts
    assert texts["en"].keys() == texts["it"].keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("files: {type: gridfs}", "gridfs"),
        ("files: {maxSize: 2GB}", "maxSize"),
        ("invoices: {timezone: Nowhere}", "timezone"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_before_anything_starts(
    text: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigInvalid, match=told):
        papers_of(load_config(tmp_path / "config.yaml"))


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("files: {path: paper}", "paper"),
        ("store: {type: sqlite, path: db/sagas.db}", "db/files"),
        ("{}", "data/files"),
    ],
)
def test_files_lie_beside_the_database_unless_the_configuration_says_where(
    text: str, folder: str, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    contents: Any = papers_of(load_config(tmp_path / "config.yaml")).contents
    assert contents._path == tmp_path / folder
