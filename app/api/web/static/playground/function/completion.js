// Names of the language that begin as the word before the caret does, with what they mean, below the text box.
//
// The keys are those of a combobox (WAI-ARIA 1.2): arrows choose, Enter and Tab take, Escape closes. Tab and Enter mean
// what they usually do while nothing is chosen.

import { language } from "./words.js";

const WORD = /[\p{L}_][\p{L}\p{N}_]*$/u;
const LEAST = 2;
const MOST = 8;

const make = (name, properties) => Object.assign(document.createElement(name), properties);

/** Offer names in a list while somebody types in a text area, where they mean something. */
export function makeCompletion(area, list, isMeant) {
  let offered = [];
  let chosen = -1;
  let known = [];
  let typed = false;

  const close = () => {
    offered = [];
    chosen = -1;
    list.hidden = true;
    list.replaceChildren();
    area.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    chosen = (index + offered.length) % offered.length;
    [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === chosen)));
    area.setAttribute("aria-activedescendant", list.children[chosen].id);
  };

  const take = (index) => {
    const end = area.selectionStart;
    area.setRangeText(offered[index].text, end - before(area).length, end, "end");
    close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
  };

  const offer = () => {
    const word = before(area);
    close();
    if (word.length < LEAST || !isMeant()) return;
    offered = matching(known, word);
    list.append(...offered.map((each, n) => option(each, n)));
    list.hidden = offered.length === 0;
  };

  const learn = async () => {
    if (known.length > 0) return;
    known = names(await language());
    if (typed && document.activeElement === area) offer(); // what was typed while the service was asked
  };

  area.addEventListener("focus", learn);
  area.addEventListener("input", ({ isTrusted }) => {
    if (!isTrusted) return;
    typed = true;
    offer();
    learn();
  });
  area.addEventListener("blur", close);
  area.addEventListener("click", close);
  area.addEventListener("keydown", (event) => {
    if (offered.length === 0) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Escape") close();
    else if (["Enter", "Tab"].includes(event.key) && chosen >= 0) take(chosen);
    else {
      if (!event.key.startsWith("Shift") && event.key.length > 1 && event.key !== "Backspace") close();
      return;
    }
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the text area keeps the focus
    const index = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (index >= 0) take(index);
  });
}

/** The word that ends at the caret; none if it goes on behind it, or is part of a number. */
function before(area) {
  if (area.selectionStart !== area.selectionEnd) return "";
  const behind = area.value.slice(area.selectionEnd, area.selectionEnd + 1);
  return /[\p{L}\p{N}_]/u.test(behind) ? "" : (WORD.exec(area.value.slice(0, area.selectionStart))?.[0] ?? "");
}

/** Every name of the language, with the text to write and what it means. */
function names(known) {
  if (known === null) return [];
  const constants = Object.entries(known.constants).map(([name, value]) => ({ name, text: name, doc: value }));
  const functions = known.functions.flatMap(({ name, aliases, doc }) =>
    [name, ...aliases].map((each) => ({ name: each, text: `${each}(`, doc: each === name ? doc : `${name}: ${doc}` })),
  );
  return [...functions, ...constants];
}

function matching(known, word) {
  const wanted = word.toLowerCase();
  return known
    .filter(({ name }) => name.toLowerCase().startsWith(wanted) && name !== word)
    .sort((one, other) => one.name.length - other.name.length || (one.name < other.name ? -1 : 1))
    .slice(0, MOST);
}

function option({ name, doc }, index) {
  const element = make("li", { id: `completion-${index}` });
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", "false");
  element.append(make("code", { textContent: name }), ` ${doc}`);
  return element;
}
