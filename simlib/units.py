"""How many of one unit make another."""

USD_PER_MILLION = 1e6
PER_100K = 1e5
G_PER_KG = 1e3
