// A press asks Python for the file and saves what comes back. Each view takes only the answer to
// its own request, so that a button shown twice does not save twice.

const PATIENCE = 30_000; // milliseconds until the reader is told that no answer has come

function save(name, mime, contents) {
  const url = URL.createObjectURL(new Blob([contents], { type: mime }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // some browsers read it late
}

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-widgets jupyter-button widget-button";
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  el.classList.add("simlib-download");
  el.append(button, status);

  let request = null;
  let timer = null;

  const show = () => {
    button.textContent = model.get("label");
    button.title = model.get("title");
    button.setAttribute("aria-label", model.get("title"));
    button.setAttribute("aria-busy", String(request !== null));
    button.disabled = model.get("disabled"); // while busy it keeps the keyboard's focus
  };
  const ask = () => {
    if (request !== null) return;
    request = crypto.getRandomValues(new Uint32Array(2)).join("-");
    status.textContent = "preparing …";
    timer = setTimeout(() => {
      status.textContent = "No answer from Python yet; is the kernel running?";
    }, PATIENCE);
    show();
    model.send({ request });
  };
  const receive = (message, buffers) => {
    if (message.request !== request) return;
    clearTimeout(timer);
    request = null;
    status.textContent = message.error ?? message.said;
    show();
    if (!message.error) save(message.name, message.mime, buffers[0]);
  };

  show();
  button.addEventListener("click", ask);
  model.on("change:label change:title change:disabled", show);
  model.on("msg:custom", receive);
  return () => {
    clearTimeout(timer);
    model.off("change:label change:title change:disabled", show);
    model.off("msg:custom", receive);
  };
}

export default { render };
