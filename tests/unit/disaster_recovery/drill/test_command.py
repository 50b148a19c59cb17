"""The drill's command says what is missing where there is no local cloud."""

from scripts import drill


def test_where_no_local_cloud_is_part_of_the_checkout_it_asks_for_aws(monkeypatch, capsys):
    monkeypatch.setattr(drill, "LOCAL_CLOUD", "lib.nowhere")
    assert drill.main(["status"]) == 1
    assert capsys.readouterr().err == "drill: There is no local cloud in this checkout: give --aws.\n"
