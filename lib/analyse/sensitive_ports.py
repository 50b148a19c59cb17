"""The ports of services that have no business on the Internet: AWS's own list, others like them, or a user's own."""

import re
from collections.abc import Mapping, Sequence

from lib.common.errors import SettingError

Ports = Mapping[str, Mapping[int, str]]  # the names of services, by protocol and port

# "Ports with high risk", which Security Hub's control EC2.19 wants closed:
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
AWS_HIGH_RISK: Mapping[int, str] = {
    20: "FTP",
    21: "FTP",
    22: "SSH",
    23: "Telnet",
    25: "SMTP",
    110: "POP3",
    135: "RPC",
    143: "IMAP",
    445: "SMB",
    1433: "SQL Server",
    1434: "SQL Server",
    3000: "web development",
    3306: "MySQL",
    3389: "RDP",
    4333: "ahsp",
    5000: "web development",
    5432: "PostgreSQL",
    5500: "fcp-addr-srvr1",
    5601: "OpenSearch Dashboards",
    8080: "HTTP proxy",
    8088: "HTTP",
    8888: "HTTP",
    9200: "OpenSearch",
    9300: "OpenSearch",
}
# What AWS's list lacks, although it is no less of a risk: https://www.iana.org/assignments/service-names-port-numbers/
# fmt: off
_OTHERS: Ports = {
    "tcp": {
        111: "portmapper", 139: "NetBIOS", 389: "LDAP", 636: "LDAPS", 873: "rsync", 1521: "Oracle", 2049: "NFS",
        2375: "Docker", 2376: "Docker", 2379: "etcd", 2380: "etcd", 5439: "Redshift", 5672: "AMQP", 5900: "VNC",
        5984: "CouchDB", 5985: "WinRM", 5986: "WinRM", 6379: "Redis", 6443: "Kubernetes", 7001: "Cassandra",
        8086: "InfluxDB", 8182: "Neptune", 9042: "Cassandra", 9092: "Kafka", 10250: "kubelet", 11211: "memcached",
        15672: "RabbitMQ", 27017: "MongoDB",
    },
    "udp": {
        53: "DNS", 69: "TFTP", 111: "portmapper", 123: "NTP", 137: "NetBIOS", 161: "SNMP", 389: "LDAP", 500: "IKE",
        1900: "SSDP", 3389: "RDP", 11211: "memcached",
    },
}
# fmt: on
DEFAULT: Ports = {"tcp": {**AWS_HIGH_RISK, **_OTHERS["tcp"]}, "udp": _OTHERS["udp"]}
DEFAULT_NAME = "default"
_PORT = re.compile(r"(?:(tcp|udp)/)?([0-9]{1,5})")
_LAST = 65_535


def parse(values: Sequence[str]) -> Ports:
    """Return the ports that an option's values name: :data:`DEFAULT` without any.

    A port that the default list has keeps its name; any other is named by its number.

    Raises:
        SettingError: a value that is neither a port nor the word for the default list.
    """
    if not values:
        return DEFAULT
    ports: dict[str, dict[int, str]] = {"tcp": {}, "udp": {}}
    for value in values:
        if value == DEFAULT_NAME:
            for protocol, known in DEFAULT.items():
                ports[protocol].update(known)
            continue
        match = _PORT.fullmatch(value)
        if match is None or int(match[2]) > _LAST:
            raise SettingError(
                f"--sensitive-port {value!r} is not a port: write one such as 8443, udp/514, or {DEFAULT_NAME}."
            )
        protocol, port = match[1] or "tcp", int(match[2])
        ports[protocol][port] = DEFAULT[protocol].get(port, f"{protocol} {port}")
    return ports
