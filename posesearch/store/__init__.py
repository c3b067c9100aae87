"""The DuckDB file. No other package imports duckdb.

schema.sql defines the tables, views and macros. Each query is in the function that uses it.
"""
