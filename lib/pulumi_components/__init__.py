"""Pulumi parts that more than one system is made of; no system, and nothing that reads settings."""
