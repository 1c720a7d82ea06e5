// A press lets the reader choose a file; its name and contents go to Python.

const MOST_BYTES = 4_000_000; // far beyond any scenario: of what is longer the beginning is refused

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.style.width = "auto";
  const input = document.createElement("input");
  input.type = "file";
  input.hidden = true;
  el.append(button, input);

  const show = () => {
    button.textContent = model.get("label");
    input.accept = model.get("accept");
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    const contents = await file.slice(0, MOST_BYTES).arrayBuffer();
    input.value = ""; // so that the same file can be chosen again
    model.send({ name: file.name }, undefined, [contents]);
  });
  model.on("change:label change:accept", show);
  show();
  return () => model.off("change:label change:accept", show);
}

export default { render };
