"""The mathematical functions that the equations use, for plain numbers and for arrays alike.

:mod:`simlib.runs` compiles the equations with these of C instead, for one number at a time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Number = Any
"""A plain number; or an array of many, then so is the result."""

exp, expm1, log, log1p = np.exp, np.expm1, np.log, np.log1p
minimum, maximum, power = np.minimum, np.maximum, np.power
where: Callable[[Any, Number, Number], Number] = np.where
TINY = float(np.finfo(float).tiny)
SMALL = float(np.finfo(float).eps) ** 0.5
"""Where the square of a number is lost beside one."""
