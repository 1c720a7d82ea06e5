// A page about one thing, over the dashboard: opened from Python, closed with Escape or the button.
// A native modal dialog keeps the keyboard's focus inside and gives it back when it closes.

function render({ model, el }) {
  const dialog = document.createElement("dialog");
  dialog.className = "simlib-dialog";
  dialog.dataset.lmSuppressShortcuts = "true";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "simlib-close";
  close.textContent = "Close";
  const page = document.createElement("div");
  page.className = "simlib-sheet";
  page.tabIndex = 0; // so that the arrow keys scroll it
  page.setAttribute("role", "document");
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook would take the focus
  dialog.append(close, page);
  el.append(dialog);

  const open = () => {
    const { title, html } = model.get("_page");
    if (!html) return;
    dialog.setAttribute("aria-label", title);
    page.setAttribute("aria-label", title);
    page.innerHTML = html; // ours: made from the rows, every text of theirs escaped
    if (!dialog.open) dialog.showModal();
    page.scrollTop = 0;
    page.focus();
  };
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the page
  });
  model.on("change:_page", open);
  return () => {
    model.off("change:_page", open);
    dialog.close();
  };
}

export default { render };
