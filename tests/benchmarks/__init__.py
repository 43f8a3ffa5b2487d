"""Benchmarks: run by hand (`make bench`), never by the tests, for no test may depend on speed."""
