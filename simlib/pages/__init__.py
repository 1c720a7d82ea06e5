"""Pages: of levers, parameters and equations for the docs, and what serves notebooks as pages."""
