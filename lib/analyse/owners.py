"""Who owns a resource: what its owner tag says, or the Kubernetes cluster and namespace that made it."""

from collections.abc import Mapping

# The tags of the EBS CSI driver, of the volume plugin before it, and of EKS:
# https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md
# https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
CLUSTER, CLUSTER_NAMES = "kubernetes.io/cluster/", ("KubernetesCluster", "aws:eks:cluster-name")
NAMESPACE, CLAIM = "kubernetes.io/created-for/pvc/namespace", "kubernetes.io/created-for/pvc/name"
DRIVER = "ebs.csi.aws.com/cluster"  # its value is true: it does not name the cluster


def _cluster(tags: Mapping[str, str]) -> str:
    names = sorted(key.removeprefix(CLUSTER) for key in tags if key.startswith(CLUSTER))
    return ",".join(names) or next((tags[key] for key in CLUSTER_NAMES if tags.get(key)), "")


def kubernetes(tags: Mapping[str, str]) -> str | None:
    """Return the cluster and the namespace that a resource was made for, or None where no tag speaks of Kubernetes."""
    parts = [part for part in (_cluster(tags), tags.get(NAMESPACE, "")) if part]
    if parts:
        return f"kubernetes:{'/'.join(parts)}"
    return "kubernetes" if DRIVER in tags else None


def claim(tags: Mapping[str, str]) -> str | None:
    """Return the persistent volume claim that a volume was made for, with its namespace."""
    name = tags.get(CLAIM)
    return "/".join(part for part in (tags.get(NAMESPACE, ""), name) if part) if name else None


def owner(tags: Mapping[str, str], key: str) -> str | None:
    """Return the owner by the tag of this key, in any case, or else by the tags of Kubernetes."""
    named = next((value for name, value in tags.items() if name.lower() == key.lower()), None)
    return named or kubernetes(tags) or named
