"""Version of the model, which is that of the package."""

from importlib.metadata import version

__version__ = version("simlib")
