"""Are certificates issued, in the right region and for the right name; are hosted zones public and for the name?"""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from lib.check_account.account import Account, is_absent
from lib.check_account.model import Check, Row, System, Verdict
from lib.common.json_types import JsonMapping, JsonValue

# Where a certificate stands in CloudFormation's words.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
CERTIFICATES = ("Certificates.0.CertificateArn", "RegionalCertificateArn", "CertificateArn")
HOLDERS = ("AWS::ElasticLoadBalancingV2::Listener", "AWS::ApiGateway::DomainName")
RECORDS = ("AWS::Route53::RecordSet",)
ISSUED = "ISSUED"  # https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html


def certificates(system: System) -> dict[tuple[str, str], set[str]]:
    """Return, for each certificate and the region that it is used in, the names that it has to cover."""
    records = {name for kind in RECORDS for name in (_name(r.properties.get("Name")) for r in system.of(kind)) if name}
    names_by_certificate: dict[tuple[str, str], set[str]] = {}
    for kind in HOLDERS:
        for resource in system.of(kind):
            arn = next((str(value) for path in CERTIFICATES if (value := resource.at(path))), "")
            if arn.startswith("arn:"):
                own = _name(resource.properties.get("DomainName"))
                names_by_certificate.setdefault((arn, resource.region), set()).update({own} if own else records)
    return names_by_certificate


def zones(system: System) -> dict[str, set[str]]:
    """Return, for each hosted zone, the records that are written into it."""
    names_by_zone: dict[str, set[str]] = {}
    for kind in RECORDS:
        for resource in system.of(kind):
            zone, name = str(resource.properties.get("HostedZoneId", "")), _name(resource.properties.get("Name"))
            if zone and name and "${" not in zone:
                names_by_zone.setdefault(zone, set()).add(name)
    return names_by_zone


def _name(value: JsonValue) -> str:
    text = str(value or "").rstrip(".").lower()
    return "" if "${" in text else text


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each certificate and each hosted zone."""
    certificate_checks = [
        _certificate(s, *key, names) for s in systems for key, names in sorted(certificates(s).items())
    ]
    return certificate_checks + [
        _zone(system, zone, names) for system in systems for zone, names in sorted(zones(system).items())
    ]


def collect_certificate(account: Account, arn: str, region: str) -> JsonMapping:
    """Return what ACM knows of a certificate, an empty mapping when it does not know it or stands in another region.

    Raises:
        ClientError: ACM does not answer the question.
    """
    if region_of(arn) != region:
        return {}
    try:
        return dict(account.client("acm", region).describe_certificate(CertificateArn=arn)["Certificate"])
    except ClientError as error:
        if is_absent(error):
            return {}
        raise


def evaluate_certificate(check: Check, arn: str, names: set[str], certificate: JsonMapping) -> list[Row]:
    """Return whether a certificate can be used for these names in the check's region."""
    request = f"aws acm request-certificate --region {check.region} --validation-method DNS --domain-name "
    fix = request + (sorted(names) or ["<name>"])[0]
    if region_of(arn) != check.region:
        return [check.row(Verdict.CHANGE, f"is one of {region_of(arn)}", fix=fix)]
    if not certificate:
        return [check.row(Verdict.CHANGE, "does not exist", fix=fix)]
    if certificate.get("Status") != ISSUED:
        wait = f"aws acm describe-certificate --region {check.region} --certificate-arn {arn}"
        return [check.row(Verdict.CHANGE, f"{certificate.get('Status')}: create its validation record", fix=wait)]
    covered = [certificate.get("DomainName", ""), *certificate.get("SubjectAlternativeNames", ())]
    missing = sorted(name for name in names if not any(covers(one, name) for one in covered))
    if missing:
        return [check.row(Verdict.CHANGE, f"does not cover {', '.join(missing)}", fix=request + missing[0])]
    return [check.row(Verdict.OK, "issued")]


def region_of(arn: str) -> str:
    """Return the region in an ARN."""
    return arn.split(":")[3]


def covers(pattern: str, name: str) -> bool:
    """Return whether a certificate's name is good for a host's: a wildcard stands for one label.

    https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
    """
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    return pattern == name or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def collect_zone(account: Account, zone: str) -> JsonMapping:
    """Return a hosted zone, an empty mapping when there is none.

    Raises:
        ClientError: Route 53 does not answer the question.
    """
    try:
        return dict(account.client("route53").get_hosted_zone(Id=zone)["HostedZone"])
    except ClientError as error:
        if is_absent(error):
            return {}
        raise


def evaluate_zone(check: Check, names: set[str], hosted_zone: JsonMapping) -> list[Row]:
    """Return whether these records can be written into a hosted zone, and found by the world."""
    look = "set HOSTED_ZONE_ID to the id of: aws route53 list-hosted-zones-by-name --dns-name "
    if not hosted_zone:
        return [check.row(Verdict.CHANGE, "does not exist", fix=look + sorted(names)[0])]
    domain = _name(hosted_zone.get("Name"))
    if hosted_zone.get("Config", {}).get("PrivateZone"):
        return [check.row(Verdict.CHANGE, f"{domain} is private", fix=look + domain)]
    outside = sorted(name for name in names if name != domain and not name.endswith(f".{domain}"))
    if outside:
        return [check.row(Verdict.CHANGE, f"is of {domain}", fix=look + outside[0])]
    return [check.row(Verdict.OK, f"{domain}, public")]


def _certificate(system: System, arn: str, region: str, names: set[str]) -> Check:
    check = Check(
        what=f"certificate {arn.rsplit('/', 1)[-1]}",
        region=region,
        needed=f"issued for {', '.join(sorted(names)) or 'any name'} ({system.name})",
        collect=lambda account: collect_certificate(account, arn, region),
        evaluate=lambda answer: evaluate_certificate(check, arn, names, answer),
    )
    return check


def _zone(system: System, zone: str, names: set[str]) -> Check:
    check = Check(
        what=f"hosted zone {zone}",
        region="",
        needed=f"public, for {', '.join(sorted(names))} ({system.name})",
        collect=lambda account: collect_zone(account, zone),
        evaluate=lambda answer: evaluate_zone(check, names, answer),
    )
    return check
