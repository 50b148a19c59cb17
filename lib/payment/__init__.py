"""Payments over HTTP: Lambda functions behind API Gateway and a load balancer, RDS PostgreSQL, an audit trail in S3.

IaC tool: Pulumi.
"""
