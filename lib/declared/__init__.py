"""One view of what a system declares, whatever tool declares it: resources in CloudFormation's vocabulary."""
