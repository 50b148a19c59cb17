"""Kinesis, a Lambda consumer and PostgreSQL: events become rows, each once. Engine: AWS CDK."""
