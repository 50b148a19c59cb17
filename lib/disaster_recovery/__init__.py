"""Payments that survive the loss of a region, as a CDKTF stack."""

from lib.disaster_recovery import bindings

bindings.load_on_demand()
