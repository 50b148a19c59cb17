"""How much of what the stacks declare the tests would notice if it were wrong: ``scripts/mutate``.

The libraries of the field, mutmut and cosmic-ray, do not fit: mutmut has no operators of one's own, and to both a
mutation that declares exactly the same, or other prose, is a survivor. Here what is declared is compared first.
"""
