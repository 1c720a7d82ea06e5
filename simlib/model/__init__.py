"""The model: equations about one month of one future, in :mod:`simlib.model.month`.

Every function takes plain numbers and gives plain numbers; arrays of many futures work alike. That
there are many is known to :mod:`simlib.runs` only, which compiles these functions as they stand.
"""
