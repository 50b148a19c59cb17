"""Ports that are sensitive are AWS's own and others of the kind by default, and those of a setting otherwise."""

import pytest

from lib.analyse import cli, sensitive_ports
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse.auditor import PRICED

ONLY = ("--region", PRICED, "--check", "open-ingress")
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
EC2_19 = (
    *(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080),
    *(8088, 8888, 9200, 9300),
)


def account() -> content.Content:
    found = content.Content()
    found.rows["SecurityGroups"] = [content.group("sg-1")]
    found.rows["SecurityGroupRules"] = [
        content.rule(1, "sg-1", "tcp", 22),
        content.rule(2, "sg-1", "tcp", 8443),
        content.rule(3, "sg-1", "udp", 514),
        content.rule(4, "sg-1", "tcp", 1000, ToPort=9000),
    ]
    found.rows["NetworkInterfaces"] = [content.interface(1, "sg-1")]
    return found


def test_the_default_has_all_of_awss_list_and_what_it_lacks():
    assert set(sensitive_ports.AWS_HIGH_RISK) == set(EC2_19)
    assert set(EC2_19) <= set(sensitive_ports.DEFAULT["tcp"])
    assert {2375, 6379, 27017} <= set(sensitive_ports.DEFAULT["tcp"])
    assert sensitive_ports.parse([]) == sensitive_ports.DEFAULT


@pytest.mark.parametrize(
    ("options", "sensitive"),
    [
        ((), {"1", "4"}),
        (("8443",), {"2", "4"}),
        (("tcp/8443", "udp/514"), {"2", "3", "4"}),
        (("default", "8443"), {"1", "2", "4"}),
        (("8443", "default"), {"1", "2", "4"}),
        (("udp/8443",), set()),
    ],
)
def test_the_setting_replaces_the_default_or_adds_to_it(start, options, sensitive):
    given = [part for option in options for part in ("--sensitive-port", option)]
    report = start(analyse.cloud(account()))(*ONLY, *given)[1]
    assert {f["id"][-1] for f in report["findings"] if f["type"].startswith("sensitive-")} == sensitive
    assert {f["severity"] for f in report["findings"] if f["type"].startswith("sensitive-")} <= {"high"}
    assert report["options"]["sensitive_ports"] == list(options)


def test_a_service_is_named_where_it_is_known():
    assert sensitive_ports.parse(["22", "8443", "udp/53"]) == {"tcp": {22: "SSH", 8443: "tcp 8443"}, "udp": {53: "DNS"}}


@pytest.mark.parametrize("value", ["ssh", "65536", "-1", "tcp/", "icmp/8", "22-25", "", "٣"])
def test_what_is_not_a_port_is_refused_in_one_sentence(value, capsys, tmp_path):
    assert cli.main(["--output", str(tmp_path), f"--sensitive-port={value}"]) == 2
    assert capsys.readouterr().err.startswith(f"analyse: --sensitive-port {value!r} is not a port: write one such as")
