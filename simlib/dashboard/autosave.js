// Keeps the reader's last scenario in the reader's own browser: this tab's for a reload, that of
// the tab moved last for a new one. What cannot be used is set aside, never written over.

const KEY = `simlib last scenario of ${location.pathname}`;

function render({ model }) {
  const shelves = () => [sessionStorage, localStorage]; // refused, in words, where cookies are
  const keep = () => {
    const { number, text } = model.get("_kept");
    if (!text) return;
    try {
      for (const shelf of shelves()) shelf.setItem(KEY, text);
      model.send({ saved: number });
    } catch (error) {
      model.send({ failed: String(error.message ?? error) });
    }
  };
  const setAside = ({ set_aside: text }) => {
    if (text === undefined) return;
    for (const shelf of shelves()) {
      if (shelf.getItem(KEY) !== text) continue;
      shelf.setItem(`${KEY}, set aside`, text);
      shelf.removeItem(KEY);
    }
  };
  model.on("change:_kept", keep);
  model.on("msg:custom", setAside);
  try {
    const [tab, browser] = shelves().map((shelf) => shelf.getItem(KEY));
    const found = tab ?? browser;
    if (found !== null) model.send({ found });
  } catch (error) {
    model.send({ failed: String(error.message ?? error) });
  }
  return () => {
    model.off("change:_kept", keep);
    model.off("msg:custom", setAside);
  };
}

export default { render };
