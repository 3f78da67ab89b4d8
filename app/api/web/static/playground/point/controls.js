// The argument as people set it: a labelled box, sliders for few numbers, a grid for a vector or matrix.

import { brief } from "../../numbers.js";
import { make } from "../matrix.js";
import { isData } from "../state.js";
import { coordinates, read, replaced, shape } from "./coordinates.js";
import { hasGrid, makeGrid, summary } from "./grid.js";
import { isTable, readJson, readNumbers } from "./tables.js";

const SLIDERS = 8; // of a vector; with more, and of a matrix, there is the grid alone
const STEPS = 400;

/** Make the controls of a point; moved(arg, value), held(arg, isHeld) and keep(arg, value) are told what the user sets. */
export function makeControls(host, moved, held, keep) {
  let rows = [];
  return {
    /** Show boxes, sliders and grids for a point; isHeld(arg) says by what nothing is differentiated. */
    build(args, at, ranges, isHeld) {
      rows = args.map((arg) => argument(arg, at[arg], { ranges, moved, held, keep, isHeld: isHeld(arg), single: args.length === 1 }));
      host.replaceChildren(...rows.map((row) => row.element));
    },
    /** Show another point in the same boxes. */
    follow(at) {
      rows.forEach((row) => row.follow(at[row.arg]));
    },
    /** Show the partial derivatives, in the order of the coordinates of what is not held. */
    slopes(numbers) {
      let start = 0;
      for (const row of rows) {
        row.slopes(numbers.slice(start, start + row.count));
        start += row.count;
      }
    },
  };
}

function argument(arg, value, { ranges, moved, held, keep, isHeld, single }) {
  const all = isData(value) ? [] : coordinates([arg], { [arg]: value });
  const isArray = Array.isArray(value);
  const shown = isHeld || all.length > SLIDERS || shape(value).length > 1 ? [] : all;
  const box = makeBox(arg, value, moved);
  const grid = !isData(value) && isArray && hasGrid(value) ? makeGrid(arg, value, moved) : null;
  let current = value;
  const sliders = shown.map(({ label, index }) =>
    makeSlider(label, ranges[label], (number) => moved(arg, replaced(current, index, number))),
  );
  const partials = shown.map(() => document.createElement("output"));
  const note = make("p", { className: "quiet note" });
  const toggle = single || isData(value) ? [] : [makeToggle(arg, isHeld, held)];
  const element = lay(arg, isArray || isData(value), shown, [...toggle, box.label, box.input], sliders, partials);
  element.append(...(grid ? [grid.element] : []), note);
  if (isArray) (element.querySelector(".tools") ?? element).append(makeKeep(arg, () => keep(arg, current)));
  if (isData(value)) note.textContent = `Kept on the server: ${shape(value).join(" × ")} numbers. The gradient is by the others.`;
  const follow = (next) => {
    current = next;
    box.follow(next);
    grid?.follow(next);
    sliders.forEach((slider, n) => (slider.value = read(next, shown[n].index)));
  };
  const slopes = (numbers) => {
    partials.forEach((cell, n) => (cell.textContent = n in numbers ? brief(numbers[n]) : ""));
    if (grid) grid.slopes(numbers);
    else if (isArray) note.textContent = numbers.length ? summary(arg, numbers) : "";
  };
  follow(value);
  return { arg, element, count: isHeld ? 0 : all.length, follow, slopes };
}

function makeKeep(arg, work) {
  const button = make("button", { type: "button", id: `keep-${arg}`, textContent: "Keep on the server" });
  button.setAttribute("aria-label", `Keep ${arg} on the server`);
  button.addEventListener("click", work);
  return button;
}

function makeToggle(arg, isHeld, held) {
  const box = make("input", { type: "checkbox", id: `by-${arg}`, checked: !isHeld, title: `Differentiate by ${arg}` });
  box.setAttribute("aria-label", `Differentiate by ${arg}`);
  box.addEventListener("change", () => held(arg, !box.checked));
  return box;
}

function makeBox(arg, value, moved) {
  const input = make("input", {
    id: `at-${arg}`,
    type: "text",
    inputMode: "text",
    autocomplete: "off",
    spellcheck: false,
  });
  const label = make("label", { htmlFor: input.id, textContent: arg });
  input.addEventListener("input", () => {
    const found = readJson(input.value);
    input.setAttribute("aria-invalid", String(found === null));
    if (found !== null) moved(arg, found);
  });
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    const found = isTable(text) ? readNumbers(text) : {};
    if (found.value === undefined) return;
    event.preventDefault();
    input.blur(); // it shows what it was given, not what was typed
    moved(arg, found.value);
  });
  const follow = (next) => {
    if (document.activeElement !== input) input.value = JSON.stringify(next).replaceAll(",", ", ");
  };
  input.addEventListener("blur", () => input.dispatchEvent(new Event("input")));
  return { label, input, follow };
}

function makeSlider(label, [low, high], moved) {
  const slider = make("input", { type: "range", min: low, max: high, step: (high - low) / STEPS });
  slider.setAttribute("aria-label", `${label} slider`);
  slider.addEventListener("input", () => moved(Number(Number(slider.value).toPrecision(6))));
  return slider;
}

function lay(arg, isArray, shown, box, sliders, partials) {
  const element = make("div", { className: isArray ? "argument array" : "argument" });
  element.append(row("box", box));
  shown.forEach(({ label }, n) => {
    const partial = row("partial", [make("span", { textContent: `∂f/∂${label} = ` }), partials[n]]);
    const cells = [sliders[n], partial];
    if (isArray) element.append(row("coordinate", [make("span", { className: "name", textContent: label }), ...cells]));
    else element.append(...cells);
  });
  element.dataset.arg = arg;
  return element;
}

const row = (className, children) => make("div", { className }, ...children);
