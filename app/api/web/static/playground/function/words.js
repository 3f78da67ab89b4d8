// The words of the language with what they mean, to be searched: asked of the service when somebody opens the list.

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

/** Fill a list of words in an element when the details around it are opened. */
export function makeWords(details, host) {
  details.addEventListener("toggle", async () => {
    if (!details.open || host.childElementCount > 0) return;
    const found = await language();
    if (found !== null && host.childElementCount === 0) fill(host, found);
  });
}

function fill(host, { functions, distributions, constants, operators }) {
  const rows = [
    ["operators", `${operators.join("  ")}  for  lambda  def`],
    ["constants", Object.keys(constants).join("  ")],
    ...distributions.map(({ name, functions, parameters, doc }) => [
      functions.map((each) => `${name}.${each}`).join(", "),
      `${doc}: ${parameters.join(", ")}`,
    ]),
    ...functions.map(({ name, aliases, doc }) => [[name, ...aliases].join(", "), doc]),
  ].map(([words, meaning]) => row(words, meaning));
  const find = make("input", { id: "find", type: "search", autocomplete: "off" });
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const each of rows) each.hidden = !each.textContent.toLowerCase().includes(wanted);
  });
  const list = make("dl", {});
  list.append(...rows);
  const scrolled = make("div", { className: "scrolled", tabIndex: 0 });
  scrolled.setAttribute("role", "region");
  scrolled.setAttribute("aria-label", "Words");
  scrolled.append(list);
  host.append(make("label", { htmlFor: find.id, textContent: "Find " }), find, scrolled);
}

function row(words, meaning) {
  const pair = make("div", {});
  pair.append(make("dt", { textContent: words }), make("dd", { textContent: meaning }));
  return pair;
}
