"""The DuckDB file: the only package that imports duckdb.

The tables are in schema.sql; queries stand beside the functions that use them.
"""
