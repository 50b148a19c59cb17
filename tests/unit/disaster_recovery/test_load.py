"""What a load of payments meets follows from the settings and from the writer items."""

from lib.common.load import Load
from lib.disaster_recovery import load, writer
from lib.disaster_recovery.settings import Settings


def grown(**environ: str) -> Load:
    return load.of(Settings.read(environ))


def test_the_api_is_what_the_settings_are_made_for_and_what_gives_way_first():
    found = grown(API_RATE="70", API_BURST="140")
    assert found.rate == 70 == min(limit.takes for limit in found.limits)


def test_the_writer_items_take_what_their_model_says():
    assert writer.PAYMENTS_A_SECOND in {limit.takes for limit in grown().limits if "writer items" in limit.what}


def test_a_new_table_takes_a_quarter_of_its_write_units():
    assert 1000 in {limit.takes for limit in grown().limits if "table that is new" in limit.what}


def test_a_payment_takes_its_write_units_in_both_regions():
    assert grown().uses["AmazonDynamoDB", "ReplWriteRequestUnits"] == load.PAYMENT_UNITS
