// The tour: a list of stops with a way forth and back, and what to see at each.

import { STOPS } from "./stops.js";

const INTRODUCTION = "Ten examples, from a line to a neural network, each with what to see in it.";

/** Run the tour in the elements of a card; load(stop) shows a stop on the page. */
export function makeTour({ text, list, back, next, end }, load) {
  let here = -1;
  list.append(new Option("Choose a stop", ""), ...STOPS.map(({ name }, n) => new Option(`${n + 1}. ${name}`, n)));

  const go = (n) => {
    here = n;
    show();
    load(STOPS[n]);
  };
  const show = () => {
    text.textContent = here < 0 ? INTRODUCTION : STOPS[here].text;
    list.value = here < 0 ? "" : String(here);
    back.hidden = end.hidden = here < 0;
    back.disabled = here <= 0;
    next.disabled = here === STOPS.length - 1;
    next.textContent = here < 0 ? "Start the tour" : "Next";
  };
  list.addEventListener("change", () => list.value !== "" && go(Number(list.value)));
  next.addEventListener("click", () => go(here + 1));
  back.addEventListener("click", () => go(here - 1));
  end.addEventListener("click", () => {
    here = -1;
    show();
    next.focus();
  });
  show();
  return {
    /** Another function is on the page: the text of the stop is not about it. */
    left(expression) {
      if (here < 0 || STOPS[here].expression === expression) return;
      here = -1;
      show();
    },
  };
}
