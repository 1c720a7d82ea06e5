"""The same model in other tools, for `benchmarks/peers.py`."""
