"""Widgets for notebooks; no model logic."""

from simlib.dashboard.app import Dashboard, show
from simlib.dashboard.session import Session
from simlib.dashboard.state import Scenario

__all__ = ["Dashboard", "Scenario", "Session", "show"]
