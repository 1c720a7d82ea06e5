// One control: slider, number box, named positions. What the reader moves goes to Python as the
// model's value; what the reader types goes as text, and Python answers with a value or an error.
// A value between the slider's steps stays what it is: the thumb stands at the nearest step, and
// nothing is sent unless the reader moves it. Python reads what is typed and answers in either case;
// the box then shows the number that holds.

function element(tag, name, attributes = {}, parts = []) {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...parts);
  return made;
}

function render({ model, el }) {
  const id = `simlib-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  const label = element("label", "simlib-label", { for: id });
  const box = element("input", "simlib-box", {
    type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
    "aria-describedby": `${id}-unit ${id}-error`,
  });
  const unit = element("span", "simlib-unit", { id: `${id}-unit` });
  const about = element("button", "simlib-about", { type: "button" }, ["?"]);
  const range = element("input", "simlib-range", {
    id, type: "range", "aria-describedby": `${id}-note ${id}-error`,
  });
  const places = element("div", "simlib-places");
  const note = element("span", "simlib-note", { id: `${id}-note` });
  const error = element("p", "simlib-error", { id: `${id}-error`, role: "alert" });
  el.classList.add("simlib-control");
  el.setAttribute("role", "group");
  el.dataset.lmSuppressShortcuts = "true"; // arrow keys are the slider's, not the notebook's
  el.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook would take the focus
  el.append(
    element("div", "simlib-head", {}, [label, about, box, unit]),
    range,
    element("div", "simlib-foot", {}, [places, note]),
    error,
  );

  const value = () => model.get("value");
  /** A number as it is written everywhere: commas between thousands, but not in a date. */
  const written = (number) =>
    number.toLocaleString("en-US", {
      maximumSignificantDigits: 12, useGrouping: !model.get("is_date"),
    }).replace("-", "\u2212");
  const spoken = () => `${written(value()).replace("\u2212", "minus ")} ${model.get("unit")}`;
  const name = () => `${model.get("label")} [${model.get("unit")}]`;
  /** The value at a position of the slider: whole steps, and at both ends the bounds themselves. */
  const atStep = (position) => {
    const to = Number((position * model.get("step")).toPrecision(12)); // no 0.30000000000000004
    return Math.min(Math.max(to, model.get("low")), model.get("high"));
  };
  const move = (to) => {
    model.set("value", to);
    model.save_changes();
    box.value = to === null ? "" : written(to); // also when words stood in it
  };

  /** What does not change while the reader moves the control. */
  const describe = () => {
    label.textContent = model.get("label");
    unit.textContent = model.get("unit");
    el.title = model.get("why");
    el.setAttribute("aria-label", name());
    box.setAttribute("aria-label", `${name()}, as a number`);
    about.title = `About ${model.get("label")}: why this range, which evidence`;
    about.setAttribute("aria-label", about.title);
    about.hidden = !model.get("has_page");
    range.min = Math.floor(model.get("low") / model.get("step"));
    range.max = Math.ceil(model.get("high") / model.get("step"));
    places.replaceChildren(
      ...model.get("places").map(([word, to]) => {
        const place = element("button", "simlib-place", { type: "button" }, [word]);
        place.title = to === null ? word : `${word}: ${written(to)} ${model.get("unit")}`;
        place.addEventListener("click", () => move(to));
        return place;
      }),
    );
    show();
  };
  const show = () => {
    const unset = value() === null;
    el.classList.toggle("simlib-unset", unset);
    range.value = (unset ? model.get("middle") : value()) / model.get("step");
    range.setAttribute("aria-valuetext", unset ? model.get("unset") : spoken());
    box.value = unset ? "" : written(value());
    box.placeholder = unset ? "–" : "";
    model.get("places").forEach(([, to], i) => {
      places.children[i].setAttribute("aria-pressed", String(to === value()));
    });
  };
  const say = () => {
    note.textContent = model.get("note");
    note.title = model.get("note");
    places.hidden = model.get("note") !== "";
    error.textContent = model.get("error");
    box.setAttribute("aria-invalid", String(model.get("error") !== ""));
  };

  range.addEventListener("input", () => move(atStep(Number(range.value))));
  box.addEventListener("change", () => model.send({ typed: box.value }));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show();
  });
  about.addEventListener("click", () => model.send({ about: true }));

  describe();
  say();
  const heard = [
    ["change:value msg:custom", show],
    ["change:note change:error", say],
    ["change:low change:high change:step change:places change:label", describe],
  ];
  for (const [events, answer] of heard) model.on(events, answer);
  return () => {
    for (const [events, answer] of heard) model.off(events, answer);
  };
}

export default { render };
