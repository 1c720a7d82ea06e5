"""A page for every lever and every parameter, made from the rows that the model reads."""

from simlib.pages.content import grade as grade
from simlib.pages.content import names as names
from simlib.pages.content import page as page
