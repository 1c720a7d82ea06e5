// The code of what is on screen, to copy; a field to paste another into, with words beside it.

function render({ model, el }) {
  const id = `simlib-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  const element = (tag, attributes, text = "") => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const row = (...parts) => {
    const made = element("div", { class: "simlib-share-row" });
    made.append(...parts);
    return made;
  };
  const field = { type: "text", autocomplete: "off", spellcheck: "false" };
  const shown = element("input", { ...field, id: `${id}-shown`, readonly: "" });
  const copy = element("button", { type: "button" }, "Copy");
  const pasted = element("input", { ...field, id: `${id}-pasted`, "aria-describedby": `${id}-error` });
  const load = element("button", { type: "button" }, "Load");
  const error = element("p", { class: "simlib-error", id: `${id}-error`, role: "alert" });
  const note = element("p", { class: "simlib-small", role: "status" });
  el.classList.add("simlib-share");
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook would take the focus
  el.append(
    row(element("label", { for: shown.id }, "Share code of this view"), shown, copy),
    row(element("label", { for: pasted.id }, "Load a code"), pasted, load),
    error,
    note,
  );

  const show = () => {
    shown.value = model.get("code");
    copy.textContent = "Copy";
    error.textContent = model.get("error");
    pasted.setAttribute("aria-invalid", String(model.get("error") !== ""));
    note.textContent = model.get("note");
  };
  const take = async () => {
    shown.select(); // so that Ctrl+C works where the browser forbids the rest
    try {
      await navigator.clipboard.writeText(shown.value);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
    }
  };
  const give = () => model.send({ code: pasted.value });
  copy.addEventListener("click", take);
  load.addEventListener("click", give);
  pasted.addEventListener("keydown", (event) => {
    if (event.key === "Enter") give();
  });
  show();
  model.on("change:code change:error change:note", show);
  return () => model.off("change:code change:error change:note", show);
}

export default { render };
