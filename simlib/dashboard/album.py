"""Pictures drawn beforehand, one at a time, and a control to choose among them."""

from collections.abc import Mapping

import ipywidgets


def album(label: str, pictures: Mapping[str, str]) -> ipywidgets.VBox:
    """A list to choose from and, below it, the picture chosen.

    Parameters
    ----------
    label : what is chosen
    pictures : SVG by the name shown in the list; the first is on screen at the beginning
    """
    names = list(pictures)
    choice = ipywidgets.Dropdown(
        options=names, description=label, style={"description_width": "initial"}
    )
    shown = ipywidgets.HTML(pictures[names[0]])
    choice.observe(lambda change: shown.set_trait("value", pictures[change["new"]]), "value")
    return ipywidgets.VBox([choice, shown])
