// The language, searched: asked of the service once, ranked by how well a name or its meaning fits.
//
// The keys are those of a combobox with a list (WAI-ARIA 1.2): arrows choose, Enter inserts the name, Escape empties.

import { address } from "../../api.js";

const make = (name, properties) => Object.assign(document.createElement(name), properties);

let asked = null;

/** The document of /v1/language, asked for once; null if the service does not answer. */
export function language() {
  asked ??= fetch(address("/v1/language")).then(
    (answer) => (answer.ok ? answer.json() : null),
    () => null,
  );
  return asked.then((found) => {
    if (found === null) asked = null;
    return found;
  });
}

/** Search the language with a field and a list; insert(text) is told what is taken. */
export function makeWords({ field, list, said }, insert) {
  let rows = [];
  let shown = [];
  let chosen = -1;

  const learn = async () => {
    if (rows.length > 0) return;
    const found = await language();
    if (found === null || rows.length > 0) return;
    rows = entries(found).map((entry, n) => ({ ...entry, element: option(entry, n) }));
    list.replaceChildren(...rows.map(({ element }) => element));
    search();
  };

  const choose = (n) => {
    rows.forEach(({ element }) => element.setAttribute("aria-selected", "false"));
    chosen = shown.length ? (n + shown.length) % shown.length : -1;
    if (chosen < 0) {
      field.removeAttribute("aria-activedescendant");
      return;
    }
    const { element } = shown[chosen];
    element.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", element.id);
    element.scrollIntoView({ block: "nearest" });
  };

  const search = () => {
    const wanted = field.value.trim().toLowerCase();
    list.hidden = wanted === "";
    field.setAttribute("aria-expanded", String(!list.hidden));
    const ranked = rows.map((row) => [rank(row, wanted), row]).filter(([place]) => place !== null);
    shown = ranked.sort(([one], [other]) => one - other).map(([, row]) => row);
    list.replaceChildren(...shown.map(({ element }) => element));
    said.textContent = wanted && rows.length ? `${shown.length} of ${rows.length} words. Enter inserts the chosen one.` : "";
    choose(0);
  };

  const take = (n) => {
    if (shown[n] === undefined) return;
    insert(shown[n].text);
    said.textContent = `Inserted ${shown[n].text}.`;
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
  };

  field.addEventListener("focus", learn);
  field.addEventListener("input", () => {
    search();
    learn();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") take(chosen);
    else if (event.key === "Escape") {
      field.value = "";
      search();
    } else return;
    event.preventDefault();
  });
  list.addEventListener("click", ({ target }) => {
    const pressed = target.closest("[role=option]");
    take(shown.findIndex(({ element }) => element === pressed));
  });
}

/** Every word with what to write, its meaning, and all that a search finds it by. */
function entries({ functions, distributions, constants, operators }) {
  const listed = [
    ...functions.map(({ name, aliases, doc }) => ({ names: [name, ...aliases], text: `${name}(`, doc })),
    ...distributions.map(({ name, functions: each, parameters, doc }) => ({
      names: each.map((one) => `${name}.${one}`),
      text: `${name}.${each[0]}(`,
      doc: `${doc}: ${parameters.join(", ")}`,
    })),
    ...Object.entries(constants).map(([name, value]) => ({ names: [name], text: name, doc: `constant, ${value}` })),
    ...["for", "lambda", "def", ...operators].map((name) => ({ names: [name], text: name, doc: "operator or word of Python" })),
  ];
  return listed.map((entry) => ({ ...entry, all: `${entry.names.join(" ")} ${entry.doc}`.toLowerCase() }));
}

/** How well a word fits, least is best, null not at all: the name, its beginning, a part of it, its meaning. */
function rank({ names, all }, wanted) {
  const places = names.map((name) => name.toLowerCase().indexOf(wanted));
  const part = (fits) => Math.min(...names.filter((_, n) => fits(places[n])).map(({ length }) => length));
  const [begins, has] = [part((place) => place === 0), part((place) => place >= 0)];
  if (Number.isFinite(begins)) return begins === wanted.length ? 0 : begins;
  if (Number.isFinite(has)) return 100 + has;
  return wanted.split(/\s+/).every((each) => all.includes(each)) ? 1000 : null;
}

function option({ names, doc }, index) {
  const element = make("li", { id: `word-${index}` });
  element.setAttribute("role", "option");
  element.append(make("code", { textContent: names.join(", ") }), make("span", { textContent: doc }));
  return element;
}
