"""The zones of a region that a network is laid over."""

import pulumi
import pulumi_aws as aws

from lib.common.errors import SettingError

MOST_ZONES, LEAST_ZONES = 3, 2


def zones(region: str, options: pulumi.InvokeOptions) -> list[str]:
    """Return the names of the zones to use: three, or two where the region has no more.

    A zone whose state is not ``available`` is one of them: without it the others would move up, and a zone that is
    impaired for an hour would take its subnets out of the program. What lies in a zone keeps it: ``IN_ITS_ZONE``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html

    Raises:
        SettingError: the region has one zone only.
    """
    # Local and wavelength zones have to be opted into, and offer neither Fargate nor RDS.
    zone_filter = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
    names = aws.get_availability_zones(filters=[zone_filter], opts=options).names
    if len(names) < LEAST_ZONES:
        raise SettingError(
            f"{region} offers {len(names)} availability zone(s) to this account, and {LEAST_ZONES} are needed: write "
            "another region into lib/AWS_REGION."
        )
    return sorted(names)[:MOST_ZONES]
