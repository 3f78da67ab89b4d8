// The words of the language with what they mean, to be searched: asked of the service when somebody opens the list.

const make = (name, properties) => Object.assign(document.createElement(name), properties);

/** Fill a list of words in an element when the details around it are opened. */
export function makeWords(details, host) {
  details.addEventListener("toggle", async () => {
    if (!details.open || host.childElementCount > 0) return;
    const answer = await fetch("/v1/language").catch(() => null);
    if (answer?.ok) fill(host, await answer.json());
  });
}

function fill(host, { functions, constants, operators }) {
  const rows = [
    ["operators", `${operators.join("  ")}  for  lambda  def`],
    ["constants", Object.keys(constants).join("  ")],
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
