"""Wiring: the Database object and what its methods do. Returns values, never prints."""
