"""A system's writer items in both regions, in memory."""

import pytest

from lib.disaster_recovery.drill import writer_items
from lib.disaster_recovery.drill.writer_items import WriterItems
from lib.disaster_recovery.settings import Settings
from tests.support.disaster_recovery.memory import Tables


@pytest.fixture
def settings():
    return Settings.read({})


@pytest.fixture
def tables(settings, monkeypatch):
    monkeypatch.setattr(writer_items, "PAUSE_SECONDS", 0.01)
    return Tables(settings.name("table"))


@pytest.fixture
def shown():
    return []


@pytest.fixture
def items(tables, settings, shown):
    return WriterItems(
        tables, settings, lambda _, command: shown.append(command), "test", agree_seconds=0.0, try_seconds=5.0
    )


@pytest.fixture
def home(settings):
    return settings.primary


@pytest.fixture
def peer(settings):
    return settings.secondary
