"""The way between the two networks: asked for by the one, accepted by the other, routed from both."""

from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.vpc_peering_connection import VpcPeeringConnection
from cdktf_cdktf_provider_aws.vpc_peering_connection_accepter import VpcPeeringConnectionAccepterA
from cdktf_cdktf_provider_aws.vpc_peering_connection_options import (
    VpcPeeringConnectionOptions,
    VpcPeeringConnectionOptionsAccepter,
    VpcPeeringConnectionOptionsRequester,
)
from constructs import Construct

from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.network import Network


class Peering(Construct):
    """A peering between regions: it cannot accept itself, and its options wait until it is accepted."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        contexts: tuple[AwsContext, AwsContext],
        networks: tuple[Network, Network],
    ) -> None:
        super().__init__(scope, construct_id)
        (here, there), (near, far) = contexts, networks
        self.connection = VpcPeeringConnection(
            self,
            "connection",
            vpc_id=near.vpc.id,
            peer_vpc_id=far.vpc.id,
            peer_region=there.region,
            auto_accept=False,
            **here.own("peering"),
        )
        accepted = VpcPeeringConnectionAccepterA(
            self,
            "accepter",
            vpc_peering_connection_id=self.connection.id,
            auto_accept=True,
            **there.own("peering"),
        )
        # Each side sets its own, or a name of the other network resolves to an address outside of it.
        VpcPeeringConnectionOptions(
            self,
            "requester-options",
            vpc_peering_connection_id=accepted.id,
            requester=VpcPeeringConnectionOptionsRequester(allow_remote_vpc_dns_resolution=True),
            provider=here.provider,
        )
        VpcPeeringConnectionOptions(
            self,
            "accepter-options",
            vpc_peering_connection_id=accepted.id,
            accepter=VpcPeeringConnectionOptionsAccepter(allow_remote_vpc_dns_resolution=True),
            provider=there.provider,
        )
        for context, network, other in ((here, near, far), (there, far, near)):
            for name, table in network.tables.items():
                Route(
                    self,
                    f"{context.role}-{name}",
                    route_table_id=table.id,
                    destination_cidr_block=other.vpc.cidr_block,
                    vpc_peering_connection_id=accepted.id,
                    provider=context.provider,
                )
