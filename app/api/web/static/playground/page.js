// What the page says of the function as a whole: what is wrong, how it was read, its value and what computed it.

import { settled } from "../api.js";
import { brief } from "../numbers.js";

const HELP = {
  text: "An expression, a lambda or a def, in the names of Python, NumPy, JAX and SymPy.",
  latex: "A formula as in a paper: \\frac, \\sqrt, powers, indices, \\sum, \\sin x, cases, Greek letters.",
};

export const element = (id) => document.getElementById(id);

/** Show what is wrong; where a key is asked for, ask for it. What is drawn is of an earlier text, and looks it. */
export function refuse(problem, editor, hasArguments) {
  editor.show(problem);
  element("read").hidden = true;
  element("value").textContent = "…"; // nothing on the page may look as if it were the value here
  element("speed").textContent = "";
  element("page").classList.add("refused");
  element("page").classList.toggle("empty", !hasArguments);
  element("key-form").hidden = ![401, 403].includes(problem.status) && element("key-form").hidden;
}

export function understood(editor) {
  editor.clear();
  element("page").classList.remove("refused", "empty");
}

/** Show the text that a formula in LaTeX was read as, if it has one. */
export function showRead(text, format) {
  element("read").hidden = format === "text" || /LaTeX$/.test(text);
  element("read").lastElementChild.textContent = text;
}

export function showFormat(format) {
  element("format").value = format;
  element("function-help").textContent = HELP[format];
  element("read").hidden = true;
}

/** Show a value, and what computed it: the microseconds of each step, the tier, the milliseconds with the network. */
export function showValue(value, { steps, tier }, milliseconds) {
  element("value").textContent = brief(value);
  const inside = Object.values(steps).reduce((sum, step) => sum + step, 0);
  element("speed").replaceChildren(
    Object.assign(document.createElement("strong"), { textContent: tier }),
    ` in ${Math.round(inside)} µs · ${milliseconds.toFixed(1)} ms with the network`,
  );
}

const SPOKEN = 6;

/** Say value and gradient to screen readers, once they no longer change. */
export const announce = settled(900, ({ value, gradient }, labels) => {
  const slopes = labels.slice(0, Math.min(SPOKEN, gradient.length)).map((label, n) => `by ${label} ${brief(gradient[n])}`);
  element("announcement").textContent = `Value ${brief(value)}; gradient ${slopes.join(", ")}`;
});
