"""Measurements that the docs show; each module writes a page: ``python -m benchmarks.fit --out …``."""
