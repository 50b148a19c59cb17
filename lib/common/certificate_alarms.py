"""The alarm on a certificate of ACM."""

from lib.common.alarm_spec import BELOW, HOUR, AlarmSpec

DAY, EXPIRY_DAYS = 24 * HOUR, 30


def certificate_alarms(arn: str) -> list[AlarmSpec]:
    """Return the alarm on a certificate that nobody renews, or none without a certificate.

    ACM renews its own 60 days before they end; one that was imported is renewed by hand. Once a certificate has ended,
    ACM writes no value of it, which must not end its alarm; a new one has none yet, which must not begin it.
    https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
    https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.aws_certificatemanager/ICertificate.html

    Args:
        arn: the certificate's, of the alarm's region; or nothing.
    """
    if not arn:
        return []
    says = "The certificate ends within 30 days"
    return [
        AlarmSpec(
            "certificate",
            "AWS/CertificateManager",
            "DaysToExpiry",
            "Minimum",
            EXPIRY_DAYS,
            1,
            says,
            {"CertificateArn": arn},
            period=DAY,
            comparison=BELOW,
            treat_missing_data="ignore",
        )
    ]
