"""The pictures of the walk-through notebooks: each asks the model's own functions."""
