"""What goes into a run: rows, policies, record, posterior and draws; files in, checked once."""
