"""The items that say which region writes payments, as lambda/disaster_recovery/shared/writer.py has them."""

NAME = "control#writer"  # people and health checks read it
ITEMS = tuple(f"{NAME}#{number:02x}" for number in range(256))  # each payment checks one of them, by its key
NOBODY = "nobody"  # in place of a region: no region writes
# Payments a second that they take by the model of tests/support/disaster_recovery/conflicts.py: with a transaction that
# holds its item for 15 ms on average, less than one in a thousand is answered table_busy. docs/decisions/0022 has more.
PAYMENTS_A_SECOND = 4000
