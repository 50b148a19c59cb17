"""What a system costs, from what it declares and AWS's prices: ``scripts/cost``. It asks AWS nothing."""
