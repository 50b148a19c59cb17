"""Audits AWS accounts: volumes that nobody uses, security groups open to the world, what CloudWatch logs cost.

Collectors read (``collectors/``), checks judge what was read (``checks/``), ``run`` joins them and ``outputs/`` writes.
"""
