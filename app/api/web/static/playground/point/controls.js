// One labelled box for each argument, and a slider and a partial derivative for each of its numbers.

import { brief } from "../../numbers.js";
import { isNumbers } from "../state.js";
import { coordinates, read, replaced } from "./coordinates.js";

const SLIDERS = 24;
const STEPS = 400;

/** Make the controls of a point; moved(arg, value) is told what the user sets. */
export function makeControls(host, moved) {
  let rows = [];
  return {
    /** Show boxes and sliders for a point. */
    build(args, at, ranges) {
      rows = args.map((arg) => argument(arg, at[arg], coordinates([arg], at), ranges, moved));
      host.replaceChildren(...rows.map((row) => row.element));
    },
    /** Show another point in the same boxes. */
    follow(at) {
      rows.forEach((row) => row.follow(at[row.arg]));
    },
    /** Show the partial derivatives, in the order of the coordinates. */
    slopes(numbers) {
      const cells = rows.flatMap((row) => row.partials);
      cells.forEach((cell, n) => (cell.textContent = n in numbers ? brief(numbers[n]) : ""));
    },
  };
}

function argument(arg, value, all, ranges, moved) {
  const shown = all.length > SLIDERS ? [] : all;
  const box = makeBox(arg, value, moved);
  let current = value;
  const sliders = shown.map((coordinate) =>
    makeSlider(coordinate, ranges[coordinate.label], (number) =>
      moved(arg, replaced(current, coordinate.index, number)),
    ),
  );
  const partials = shown.map(() => document.createElement("output"));
  const element = lay(arg, Array.isArray(value), shown, box, sliders, partials);
  const follow = (next) => {
    current = next;
    box.follow(next);
    sliders.forEach((slider, n) => (slider.value = read(next, shown[n].index)));
  };
  follow(value);
  return { arg, element, partials, follow };
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
    const found = parsed(input.value);
    input.setAttribute("aria-invalid", String(found === null));
    if (found !== null) moved(arg, found);
  });
  const follow = (next) => {
    if (document.activeElement !== input) input.value = JSON.stringify(next).replaceAll(",", ", ");
  };
  input.addEventListener("blur", () => input.dispatchEvent(new Event("input")));
  return { label, input, follow };
}

/** The number or list somebody wrote, with or without brackets, or null. */
function parsed(text) {
  for (const candidate of [text, `[${text}]`]) {
    try {
      const found = JSON.parse(candidate);
      return isNumbers(found) ? found : null;
    } catch {
      // Perhaps in brackets.
    }
  }
  return null;
}

function makeSlider({ label }, [low, high], moved) {
  const slider = make("input", { type: "range", min: low, max: high, step: (high - low) / STEPS });
  slider.setAttribute("aria-label", `${label} slider`);
  slider.addEventListener("input", () => moved(Number(Number(slider.value).toPrecision(6))));
  return slider;
}

function lay(arg, isArray, shown, box, sliders, partials) {
  const element = make("div", { className: isArray ? "argument array" : "argument" });
  element.append(row("box", [box.label, box.input]));
  shown.forEach(({ label }, n) => {
    const partial = row("partial", [make("span", { textContent: `∂f/∂${label} = ` }), partials[n]]);
    const cells = [sliders[n], partial];
    if (isArray) element.append(row("coordinate", [make("span", { className: "name", textContent: label }), ...cells]));
    else element.append(...cells);
  });
  element.dataset.arg = arg;
  return element;
}

function row(className, children) {
  const element = make("div", { className });
  element.append(...children);
  return element;
}

const make = (name, properties) => Object.assign(document.createElement(name), properties);
