// The guide's search, and what its pages do: code is copied, and what scrolls can be scrolled by keys.

import { copy } from "../clipboard.js";
import { excerpt, find, prepare } from "./search.js";

const MOST = 20;
const GUIDE = new URL("../../guide/", import.meta.url);

const make = (name, properties) => Object.assign(document.createElement(name), properties);
const element = (id) => document.getElementById(`guide-${id}`);
const [form, query, count, results] = [element("search"), element("query"), element("count"), element("results")];

// The search

let index = null;

/** The index, asked for once; again if the service did not answer. */
function load() {
  index ??= fetch(new URL("search.json", GUIDE))
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
    .then(prepare)
    .catch(() => {
      index = null;
      return null;
    });
  return index;
}

async function show() {
  const asked = query.value;
  const known = await load();
  if (asked !== query.value) return;
  remember(asked);
  if (asked.trim() === "") return close();
  if (known === null) return say("The search is not available: the server cannot be reached.");
  const found = find(known, asked);
  const shown = found.slice(0, MOST);
  const more = found.length > MOST ? `, the first ${MOST} are shown` : "";
  say(found.length === 0 ? "Nothing found." : `${found.length} found${more}. Arrows choose, Enter opens.`);
  results.append(make("ol", {}));
  results.lastChild.append(...shown.map((entry) => item(entry, asked)));
}

/** Say how many there are, to all: those who do not see the list hear it. */
function say(text) {
  results.replaceChildren(make("p", { className: "quiet", textContent: text }));
  results.firstChild.ariaHidden = "true"; // the status says it
  count.textContent = text;
  results.hidden = false;
}

function close() {
  results.hidden = true;
  results.replaceChildren();
  count.textContent = "";
}

function item(entry, asked) {
  const link = make("a", { href: new URL(`${entry.page}#${encodeURIComponent(entry.anchor)}`, GUIDE).href });
  const title = make(entry.names.length > 0 ? "code" : "strong", { textContent: [entry.title, ...others(entry, asked)].join(", ") });
  const text = make("span", { className: "quiet" });
  for (const piece of excerpt(entry.text, asked)) {
    text.append(piece.marked ? make("mark", { textContent: piece.text }) : piece.text);
  }
  link.append(title, make("small", { textContent: entry.under }), text);
  link.addEventListener("click", close); // it may lead to this very page
  const element = make("li", {});
  element.append(link);
  return element;
}

/** The names of a row that are asked for, but its first. */
function others({ names }, asked) {
  const begins = (name) => asked.toLowerCase().split(/\s+/).some((term) => term && name.toLowerCase().startsWith(term));
  return names.slice(1).filter(begins);
}

/** Keep the question in the address of the page, to be shared. */
function remember(asked) {
  const here = new URL(location.href);
  if (asked.trim() === "") here.searchParams.delete("q");
  else here.searchParams.set("q", asked);
  if (here.href !== location.href) history.replaceState(null, "", here);
}

/** Move the focus by some places in the list; before its first place is the box. */
function move(steps) {
  const places = [query, ...results.querySelectorAll("a")];
  const place = places.indexOf(document.activeElement) + steps;
  places[Math.max(0, Math.min(place, places.length - 1))].focus();
}

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Escape: () => {
    query.value = "";
    remember("");
    close();
    query.focus();
  },
};

form.hidden = false;
form.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || (results.hidden && event.key !== "Escape")) return;
  event.preventDefault();
  KEYS[event.key]();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await show();
  results.querySelector("a")?.click();
});
form.addEventListener("focusout", ({ relatedTarget }) => {
  if (relatedTarget !== null && !form.contains(relatedTarget)) close();
});
query.addEventListener("focus", load);
query.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === query) return;
  event.preventDefault();
  query.focus();
  query.select();
});

query.value = new URLSearchParams(location.search).get("q") ?? "";
if (query.value !== "") show();

// The pages

for (const block of document.querySelectorAll(".code")) {
  const button = make("button", { type: "button", textContent: "Copy" });
  button.addEventListener("click", async () => {
    await copy(block.querySelector("pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.append(button);
}

/** Let the keyboard reach what is wider than its place. */
function reach() {
  for (const each of document.querySelectorAll(".scrolled, .code pre")) {
    if (each.scrollWidth > each.clientWidth) {
      each.tabIndex = 0;
      each.role = "region";
      each.ariaLabel = each.matches("pre") ? "Code" : "Table";
    }
  }
}
addEventListener("resize", reach);
reach();
