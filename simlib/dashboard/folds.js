// The button over a part that opens and closes. ipywidgets' own cannot say that it is open.

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-widgets jupyter-button widget-button simlib-fold";
  const caret = document.createElement("span");
  caret.setAttribute("aria-hidden", "true");
  const title = document.createElement("span");
  button.append(caret, title);
  el.append(button);

  const show = () => {
    const open = model.get("value");
    caret.textContent = open ? "\u25be " : "\u25b8 ";
    title.textContent = model.get("description");
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    model.set("value", !model.get("value"));
    model.save_changes();
  });
  model.on("change:value change:description", show);
  show();
  return () => model.off("change:value change:description", show);
}

export default { render };
