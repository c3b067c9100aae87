"""The DuckDB file: the only package that imports duckdb.

schema.sql has the tables. Queries stand beside the functions that use them.
"""
