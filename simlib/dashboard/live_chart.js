// Draws the picture that Python sent last. Data flows one way, Python to browser; back go only
// messages: the number of the picture that is on screen, or what went wrong.

/** The drawing library, loaded once a page however many charts, notebooks and kernels use it. */
async function loadVega(model) {
  const loaded = (globalThis[Symbol.for("simlib.vega")] ??= new Map());
  const id = model.get("_vega").replace("IPY_MODEL_", "");
  const library = await model.widget_manager.get_model(id);
  const version = library.get("version");
  if (!loaded.has(version)) {
    const script = new Blob([library.get("source")], { type: "text/javascript" });
    const url = URL.createObjectURL(script);
    const module = import(url).finally(() => URL.revokeObjectURL(url));
    module.catch(() => loaded.delete(version)); // let the next chart try again
    loaded.set(version, module);
  }
  return (await loaded.get(version)).default;
}

/** Columns as sent (bytes of float64, or lists of text) to the rows that Vega takes. */
function rows(columns) {
  const names = Object.keys(columns);
  const values = Object.values(columns).map((column) => {
    if (!(column instanceof DataView)) return column;
    const start = column.byteOffset;
    return new Float64Array(column.buffer.slice(start, start + column.byteLength));
  });
  const row = (_, i) => Object.fromEntries(names.map((name, j) => [name, values[j][i]]));
  return Array.from({ length: values[0].length }, row);
}

/** Resolves when the browser has painted what was drawn before the call. */
const nextPaint = () =>
  new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

const STOPPED =
  "Python has stopped, so nothing here can be moved any more. " +
  "In a notebook run the cell again; on a page without code, reload the page.";
const UNCONNECTED =
  "There is no connection to Python; it is being tried again. Until then nothing here moves.";
const PATIENCE = 3000; // milliseconds in which a lost connection may come back unmentioned

/** A line that says something when an error or the kernel does. */
function alertLine() {
  const line = document.createElement("p");
  line.className = "simlib-chart-notice";
  line.setAttribute("role", "alert");
  return line;
}

/** Say above the picture in `el` when Python cannot answer; returns how to stop that. */
function watchKernel(model, el) {
  const kernel = model.widget_manager.kernel;
  if (!kernel) return () => {}; // a page that was saved
  const line = alertLine();
  el.prepend(line);
  const say = (words) => {
    line.textContent = words;
  };
  let stopped = false; // for good: what starts instead does not know this chart
  let timer = null;
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    say(STOPPED);
  };
  const onStatus = (_, status) => {
    if (["restarting", "autorestarting", "terminating", "dead"].includes(status)) stop();
  };
  const onConnection = (_, status) => {
    if (stopped) return;
    clearTimeout(timer);
    if (status === "connected") say("");
    else timer = setTimeout(() => say(UNCONNECTED), PATIENCE);
  };
  kernel.statusChanged.connect(onStatus);
  kernel.connectionStatusChanged.connect(onConnection);
  kernel.disposed.connect(stop);
  return () => {
    clearTimeout(timer);
    kernel.statusChanged.disconnect(onStatus);
    kernel.connectionStatusChanged.disconnect(onConnection);
    kernel.disposed.disconnect(stop);
  };
}

/** The chart inside `element`, and a function that puts another picture's tables in. */
async function embed(model, element) {
  const vegaEmbed = await loadVega(model);
  const spec = structuredClone(model.get("_spec"));
  const picture = model.get("_picture");
  spec.datasets ??= {};
  for (const [name, columns] of Object.entries(picture.tables)) spec.datasets[name] = rows(columns);
  delete spec.usermeta; // the menu, meant for the exported page, has no accessible name
  const options = { actions: false, renderer: "svg" };
  const { view, finalize } = await vegaEmbed(element, spec, options);
  view.cleanThreshold = 500; // forget replaced rows soon: the default lets tens of megabytes pile up
  const change = async (tables) => {
    for (const [name, columns] of Object.entries(tables)) {
      view.change(name, view.changeset().remove(() => true).insert(rows(columns)));
    }
    await view.runAsync();
  };
  return { change, finalize, number: picture.number };
}

async function render({ model, el }) {
  const picture = document.createElement("div");
  picture.className = "simlib-chart";
  picture.setAttribute("role", "img");
  const inside = document.createElement("div"); // Vega gives its own element a role and a label
  inside.setAttribute("aria-hidden", "true"); // what it says, the picture's label says in words
  picture.append(inside);
  const notice = alertLine();
  el.append(picture, notice);
  const unwatch = watchKernel(model, el);

  let chart = null;
  let shown = 0;
  let busy = false;

  const fail = (error) => {
    notice.textContent = `The chart could not be drawn: ${error.message ?? error}`;
    model.send({ error: notice.textContent });
  };
  const describe = () => picture.setAttribute("aria-label", model.get("alt"));

  /** Draw until the newest picture is on screen; whatever came in between is skipped. */
  const draw = async () => {
    if (busy || chart === null) return;
    busy = true;
    while (chart !== null && shown !== model.get("_picture").number) {
      const { number, tables } = model.get("_picture");
      shown = number;
      try {
        await chart.change(tables);
        notice.textContent = "";
        await nextPaint();
        model.send({ painted: number });
      } catch (error) {
        fail(error);
      }
    }
    busy = false;
  };

  describe();
  model.on("change:alt", describe);
  model.on("change:_picture", draw);
  try {
    chart = await embed(model, inside);
    shown = chart.number;
    await nextPaint();
    model.send({ painted: shown });
    await draw();
  } catch (error) {
    fail(error);
  }
  return () => {
    unwatch();
    model.off("change:alt", describe);
    model.off("change:_picture", draw);
    chart?.finalize();
    chart = null;
  };
}

export default { render };
