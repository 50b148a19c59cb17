"""Makes the auditor's price table from AWS's public price list files: ``scripts/refresh_prices``."""
