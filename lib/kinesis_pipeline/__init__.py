"""Kinesis, a Lambda consumer and PostgreSQL: events become rows, each once. IaC tool: AWS CDK."""
