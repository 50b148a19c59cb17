"""The whole Internet is recognised in one piece, in halves and in many, and nothing else is taken for it."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analyse import internet_exposure

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fd00::/8", "fe80::/10")


@st.composite
def pieces(draw: st.DrawFn, whole: str) -> list[str]:
    """Cut a network at random until it is in several pieces."""
    found = [ip_network(whole)]
    for _ in range(draw(st.integers(0, 12))):
        cut = found.pop(draw(st.integers(0, len(found) - 1)))
        found.extend(cut.subnets())
    return [str(network) for network in draw(st.permutations(found))]


@given(pieces("0.0.0.0/0"))
def test_all_of_ipv4_in_pieces_is_everything(cidrs):
    assert internet_exposure.everything(cidrs) == (True, False)


@given(pieces("::/0"))
def test_all_of_ipv6_in_pieces_is_everything(cidrs):
    assert internet_exposure.everything(cidrs) == (False, True)


@given(pieces("0.0.0.0/0"), st.data())
def test_without_one_public_piece_it_is_not_everything(cidrs, data):
    public = [cidr for cidr in cidrs if internet_exposure.public(cidr)]
    missing = data.draw(st.sampled_from(public))
    assert internet_exposure.everything(cidr for cidr in cidrs if cidr != missing) == (False, False)


@given(pieces("0.0.0.0/0"))
def test_private_pieces_need_not_be_there(cidrs):
    assert internet_exposure.everything(cidr for cidr in cidrs if internet_exposure.public(cidr)) == (True, False)


@given(st.lists(st.sampled_from(PRIVATE)))
def test_private_ranges_are_never_the_internet(cidrs):
    assert internet_exposure.everything(cidrs) == (False, False)
    assert not any(internet_exposure.public(cidr) for cidr in cidrs)


@pytest.mark.parametrize(
    ("cidrs", "found"),
    [
        (["0.0.0.0/1", "128.0.0.0/1"], (True, False)),
        (["0.0.0.0/1"], (False, False)),
        (["::/1", "8000::/1"], (False, True)),
        (["2000::/3"], (False, True)),
        (["8000::/1"], (False, False)),
        (["0.0.0.0/0", "::/0"], (True, True)),
        (["203.0.113.7/32"], (False, False)),
        (["1.2.3.4/0"], (True, False)),
        ([], (False, False)),
    ],
)
def test_examples(cidrs, found):
    assert internet_exposure.everything(cidrs) == found
