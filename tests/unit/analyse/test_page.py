"""Report.html in a real browser, light and dark: it draws, sorts, filters and unfolds, and asks no network.

Where there is no browser this fails: see tests/support/analyse/browser.py for what brings one.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lib.analyse import discovery
from tests.support.analyse import auditor as analyse
from tests.support.analyse import browser as analyse_browser
from tests.support.analyse import content
from tests.support.analyse import server as api_server
from tests.support.analyse.auditor import HERE, PRICED

EVIL = "</script><img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two regions, of which one was denied in part; one volume has a tag that is an attack."""
    folder = tmp_path_factory.mktemp("page")
    account = content.account(150, 40, 60)
    account.rows["Volumes"][0]["Tags"] = content.tags(Owner=EVIL)
    cloud = analyse.cloud(account, denied={"DescribeNetworkInterfaces"})
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        audit = analyse.auditor(cloud, folder, patch, server.url)
        assert audit("--region", HERE, "--region", PRICED, "--streams", "off", "--quiet")[0] == 3
    return folder / "report.html"


@pytest.fixture(scope="module")
def page() -> Iterator[analyse_browser.Page]:
    with analyse_browser.browser() as found:
        yield found


@pytest.fixture
def opened(page: analyse_browser.Page, report: Path) -> analyse_browser.Page:
    page.open(report, "light")
    return page


def rows(page: analyse_browser.Page, column: int) -> list[str]:
    found: list[str] = page.run(
        f"[...document.querySelectorAll('#findings tbody tr.row')].map(r => r.cells[{column}].innerText)"
    )
    return found


def numbers(shown: list[str]) -> list[float]:
    """Return the numbers of a sorted column; what has none must come after them."""
    known = [text for text in shown if text not in ("", "not priced", "not known")]
    assert shown[len(known) :] == [text for text in shown if text not in known]
    return [float(re.sub("[,-]", "", text)) for text in known]


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_it_draws_in_the_readers_colours_without_a_complaint_or_a_request(page, report, tmp_path, scheme, bright):
    page.open(report, scheme)
    assert page.run("document.documentElement.dataset.ready") == "yes"
    colours = page.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(colours) > 3 * 128) is bright
    assert page.run("document.querySelectorAll('#charts svg rect').length") > 20
    assert page.run("document.querySelectorAll('#cards .card').length") == 5
    assert page.picture(tmp_path / "page.png").stat().st_size > 50_000
    assert page.requests() == [report.as_uri()]
    assert page.complaints() == []
    assert page.run("document.title") == "AWS audit"


def test_the_button_turns_light_to_dark(opened):
    before = opened.run("getComputedStyle(document.body).backgroundColor")
    opened.run("document.getElementById('theme').click()")
    assert opened.run("getComputedStyle(document.body).backgroundColor") != before


def test_it_says_what_was_not_looked_at(opened):
    assert opened.run("document.getElementById('state').innerText") == "incomplete"
    said = opened.run("document.getElementById('gaps').innerText")
    assert said.count("security_groups") == 2
    assert "Not everything was looked at" in said


def test_tables_sort_by_a_click_on_their_head_both_ways(opened):
    last = opened.run("document.querySelectorAll('#findings th').length") - 1
    for way in (True, False):
        opened.run(f"document.querySelectorAll('#findings th')[{last}].click()")
        shown = numbers(rows(opened, last))
        assert shown == sorted(shown, reverse=way)
        assert (shown[0] > 100) is way


def test_the_filter_and_the_severities_narrow_what_is_shown(opened):
    opened.run("const s = document.getElementById('search'); s.value = 'io2 platform'; s.oninput()")
    found = rows(opened, 2)
    assert found
    assert all(text.startswith("io2 ") for text in found)
    opened.run("document.getElementById('search').value = ''; document.getElementById('search').oninput()")
    opened.run("[...document.querySelectorAll('#severities button')].slice(1).forEach(b => b.click())")
    assert set(rows(opened, 0)) <= {"critical"}


def test_a_row_unfolds_and_more_rows_come_on_demand(opened):
    assert len(rows(opened, 0)) == 100
    opened.run("document.getElementById('more').click()")
    assert len(rows(opened, 0)) == 200
    opened.run("document.querySelector('#findings tbody tr.row').click()")
    assert "created at" in opened.run("document.querySelector('.detail').innerText")
    opened.run("document.querySelector('#findings tbody tr.row').click()")
    assert opened.run("document.querySelector('.detail')") is None


def test_every_check_has_its_table(opened):
    for number in range(3):
        opened.run(f"document.querySelectorAll('#tabs button')[{number}].click()")
        assert rows(opened, 1)


@pytest.fixture(scope="module")
def unpriced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a region without any price."""
    folder = tmp_path_factory.mktemp("unpriced")
    cloud = analyse.cloud(content.account(40, 12, 30))
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        analyse.auditor(cloud, folder, patch, server.url)("--region", HERE, "--streams", "off", "--quiet")
    return folder / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_has_no_price_is_told_so_in_cards_charts_and_columns(page, unpriced, tmp_path, scheme):
    page.open(unpriced, scheme)
    cards = page.run("[...document.querySelectorAll('#cards .card')].map(card => card.innerText)")
    assert [card.split("\n")[0] for card in cards if "for 40 volumes" in card or "30 log groups" in card] == [
        "not priced",
        "not priced",
    ]
    assert page.run("document.querySelectorAll('#charts .bar').length") == page.run(
        "[...document.querySelectorAll('#charts .chart')].find(c => c.innerText.includes('Open rules'))"
        ".querySelectorAll('.bar').length"
    )
    labels = page.run("[...document.querySelectorAll('#charts .soft')].map(text => text.textContent)")
    assert labels.count("not priced") > 5
    assert "$" not in page.run("document.querySelector('main').innerText")
    assert "0.00" not in page.run("document.querySelector('main').innerText")
    last = page.run("document.querySelectorAll('#findings th').length") - 1
    assert set(rows(page, last)) == {"not priced"}
    page.run("document.querySelector('#findings tbody tr.row').click()")
    assert "no price for " in page.run("document.querySelector('.detail').innerText")
    assert f"{HERE} not priced" in page.run("document.getElementById('foot').innerText")
    assert page.picture(tmp_path / "page.png").stat().st_size > 50_000
    assert page.complaints() == []


def test_a_chart_of_priced_and_unpriced_has_both(opened):
    labels = opened.run("[...document.querySelectorAll('#charts .soft')].map(text => text.textContent)")
    assert any("$" in label and "not priced)" in label for label in labels)
    overlaps = opened.run(
        "[...document.querySelectorAll('#charts .chart')].flatMap(c => [...c.querySelectorAll('.soft')].filter(t =>"
        "[...c.querySelectorAll('.track, text:not(.soft)')].some(r => { const a = t.getBoundingClientRect(),"
        "b = r.getBoundingClientRect();"
        "return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top; }))"
        ".map(t => t.textContent))"
    )
    assert overlaps == []
    assert "not priced" in labels  # the region without prices
    cards = opened.run("document.getElementById('cards').innerText")
    assert "; 150 not priced" in cards


def test_without_a_browser_the_test_fails_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TAP_BROWSER", raising=False)
    monkeypatch.setattr(analyse_browser, "ROOT", tmp_path)
    with pytest.raises(analyse_browser.NoBrowser, match="set TAP_BROWSER"):
        analyse_browser.find()


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with a priced and an unpriced region, groups that expire and that do not, and ignored findings."""
    folder = tmp_path_factory.mktemp("gaps")
    account = content.Content()
    account.rows["Volumes"] = [content.volume(n, size=10 * n) for n in range(1, 4)]
    account.rows["Snapshots"] = [
        {
            "SnapshotId": f"snap-{n}",
            "VolumeId": f"vol-{n:017x}",
            "StartTime": content.NOW - timedelta(n),
            "State": state,
        }
        for n, state in ((1, "completed"), (2, "pending"), (3, "completed"))
    ]
    account.log_groups = [content.log_group(f"g{n}", n << 30, n * 7 if n % 2 else None) for n in range(1, 5)]
    suppressions = folder / "ignore.toml"
    suppressions.write_text('[[ignore]]\nid = "g4"\nreason = "known"\nexpires = 2999-01-01\n', encoding="utf-8")
    cloud = analyse.cloud(account)
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        audit = analyse.auditor(cloud, folder, patch, server.url)
        audit("--region", HERE, "--region", PRICED, "--streams", "off", "--quiet", "--ignore", str(suppressions))
    return folder / "report.html"


@pytest.mark.parametrize(
    ("check", "title"), [("zombie-volume", "USD/month"), ("log-cost", "Days kept"), ("zombie-volume", "Last snapshot")]
)
def test_what_has_no_value_comes_last_whichever_way_a_column_is_sorted(page, gaps, check, title):
    page.open(gaps, "light")
    page.run(f"document.querySelector('#tabs button[data-check={check}]').click()")
    column = page.run("[...document.querySelectorAll('#findings th')].map(th => th.textContent)").index(title)
    for way in (True, False):
        page.run(f"document.querySelectorAll('#findings th')[{column}].click()")
        shown = rows(page, column)
        known = numbers(shown)
        assert known == sorted(known, reverse=way)
        assert len(known) < len(shown)


def test_what_is_ignored_is_in_no_sum_and_no_chart_of_the_page(page, gaps):
    page.open(gaps, "light")
    cards = page.run("[...document.querySelectorAll('#cards .card')].map(card => card.innerText)")
    assert [card.split("\n")[0] for card in cards if "never expire" in card] == ["2"]  # g2 in each region
    charts = page.run("[...document.querySelectorAll('#charts text')].map(text => text.textContent)")
    assert "g3" in charts
    assert "g4" not in charts


def test_accounts_have_their_names_and_several_have_a_chart(page, tmp_path_factory):
    folder, account = tmp_path_factory.mktemp("accounts"), content.account(8, 2, 2)
    account.organization = [
        {"Id": number, "Name": name, "State": "ACTIVE"}
        for number, name in ((api_server.ACCOUNT, "management"), ("210987654321", "shop"))
    ]
    account.closed = ["333333333333"]
    account.organization.append({"Id": "333333333333", "Name": "locked", "State": "ACTIVE"})
    cloud = analyse.cloud(account)
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        audit = analyse.auditor(cloud, folder, patch, server.url)
        audit("--region", PRICED, "--streams", "off", "--quiet", "--organization", "auditor")
    page.open(folder / "report.html", "light")
    assert "shop (210987654321)" in page.run("document.getElementById('scope').innerText")
    assert "of locked (333333333333): AccessDenied" in page.run("document.getElementById('gaps').innerText")
    assert "locked (333333333333)" in page.run("document.getElementById('coverage').innerText")
    charts = page.run("[...document.querySelectorAll('#charts h3')].map(title => title.textContent)")
    assert "Unused volumes by account, a month" in charts
    page.run("const s = document.getElementById('search'); s.value = 'shop'; s.oninput()")
    assert len(rows(page, 0)) > 0
    page.run("document.querySelector('#findings tbody tr.row').click()")
    assert "shop (210987654321)" in page.run("document.querySelector('.detail').innerText")


def test_what_is_new_and_gone_since_the_last_run_is_on_the_page(page, tmp_path_factory):
    folder, account = tmp_path_factory.mktemp("changes"), content.account(8, 2, 0)
    cloud = analyse.cloud(account)
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        audit = analyse.auditor(cloud, folder, patch, server.url)
        options = ("--region", PRICED, "--streams", "off", "--quiet")
        audit(*options)
        page.open(folder / "report.html", "light")
        assert page.run("document.getElementById('changes').hidden")
        assert page.run("document.getElementById('fresh')") is None
        account.rows["Volumes"] = [*account.rows["Volumes"][2:], content.volume(999, Tags=content.tags(Name=EVIL))]
        cloud.cache.clear()
        audit(*options, "--compare", str(folder))
    page.open(folder / "report.html", "light")
    said = page.run("document.getElementById('changes').innerText")
    assert ": 1 new, 2 gone, " in said
    page.run("document.querySelector('#changes details').open = true")
    gone = page.run("[...document.querySelectorAll('#changes details li')].map(line => line.innerText)")
    assert {f"vol-{n:017x}" in "".join(gone) for n in (0, 1)} == {True}
    page.run("document.querySelector('#tabs button[data-check=zombie-volume]').click()")
    assert sum(text.endswith("new") for text in rows(page, 2)) == 1
    assert len(rows(page, 2)) == 7
    page.run("document.getElementById('fresh').click()")
    assert rows(page, 1) == [f"vol-{999:017x}"]
    page.run("document.getElementById('fresh').click()")
    assert len(rows(page, 2)) == 7


def test_every_check_has_a_tab_with_its_columns(page, tmp_path):
    account = content.account(12, 4, 3)
    account.rows["Addresses"] = [content.address(1, PRICED)]
    account.rows["Reservations"] = [content.instance("i-1")]
    account.rows["Volumes"].append(content.volume(900, "gp2", 500, **content.attached("i-1")))
    account.rows["Snapshots"].append(content.snapshot(900, 901, 5))
    account.rows["SecurityGroupRules"].append(content.rule(900, "sg-00000000000000001", "tcp", 22))
    cloud = analyse.cloud(account)
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        audit = analyse.auditor(cloud, tmp_path, patch, server.url)
        assert audit("--region", PRICED, "--check", "all", "--streams", "off", "--quiet")[0] == 1
    page.open(tmp_path / "report.html", "light")
    for check in discovery.checks():
        page.run(f"document.querySelector('#tabs [data-check={check.id}]').click()")
        texts = page.run("[...document.querySelectorAll('#findings tbody tr.row td')].map(cell => cell.innerText)")
        assert texts, check.id
        assert not {"undefined", "null", "NaN"} & set(texts), check.id
        page.run("document.querySelector('#findings tbody tr.row').click()")
        assert page.run("document.querySelector('#findings tr.more').innerText.length") > 50
    assert page.complaints() == []


def test_every_check_has_a_tab_and_a_card_and_the_first_with_findings_is_open(page, tmp_path_factory):
    folder, account = tmp_path_factory.mktemp("all"), content.account(0, 0, 3)
    account.rows["Addresses"] = [content.address(1, PRICED)]
    cloud = analyse.cloud(account)
    with api_server.serving(cloud) as server, pytest.MonkeyPatch.context() as patch:
        audit = analyse.auditor(cloud, folder, patch, server.url)
        report = audit("--region", PRICED, "--streams", "off", "--quiet", "--check", "all")[1]
    page.open(folder / "report.html", "light")
    tabs = page.run("[...document.querySelectorAll('#tabs button')].map(tab => tab.dataset.check)")
    assert sorted(tabs) == sorted(report["checks"])
    assert tabs[:3] == ["zombie-volume", "open-ingress", "log-cost"]
    assert page.run("document.querySelector('#tabs button[aria-selected=true]').dataset.check") == "log-cost"
    cards = page.run("[...document.querySelectorAll('#cards .card')].map(card => card.innerText)")
    for name in ("unattached-address", "log-storage-tier"):
        (card,) = [card for card in cards if report["checks"][name]["title"] in card]
        assert "$0.00" not in card
    assert page.complaints() == []
