// What is shown, as one object, and that object as the fragment of a URL, which no server sees.
//
//   expression   the text
//   format       its notation, "text" or "latex"
//   at           for each argument a number, a nested list, or {data: id} for data that are kept on the server
//   in           a range for each coordinate, by its label
//   path, view   "descent" or "ascent", "contour" or "surface"
//   hold         arguments by which nothing is differentiated
//   show         parts of the page that are open

import { EXAMPLES } from "./examples.js";

const RANGES = 24; // of an array with more numbers a link need not say them

const copy = (value) => JSON.parse(JSON.stringify(value));

/** The state of an example. */
export const ofExample = ({ expression, at, in: ranges = {}, ...more }) =>
  copy({ format: "text", path: "descent", view: "contour", hold: [], show: [], ...chosen(more), expression, at, in: ranges });

const MEMBERS = ["format", "path", "view", "hold", "show"];
const chosen = (more) => Object.fromEntries(Object.entries(more).filter(([name]) => MEMBERS.includes(name)));

/** The fragment that says everything. */
export function toHash(state) {
  const fields = new URLSearchParams({
    f: state.expression,
    at: JSON.stringify(state.at),
    in: JSON.stringify(Object.fromEntries(Object.entries(state.in).slice(0, RANGES))),
  });
  if (state.format !== "text") fields.set("format", state.format);
  if (state.path !== "descent") fields.set("path", state.path);
  if (state.view !== "contour") fields.set("view", state.view);
  for (const name of ["hold", "show"]) if (state[name].length) fields.set(name, state[name].join(","));
  return `#${fields}`;
}

/** What a fragment says; what it does not say, or says in no way we know, is left to be found out. */
export function fromHash(hash) {
  const fields = new URLSearchParams(hash.slice(1));
  if (!fields.has("f")) return ofExample(EXAMPLES[0]);
  return {
    expression: fields.get("f"),
    format: fields.get("format") === "latex" ? "latex" : "text",
    at: record(fields.get("at"), (value) => isNumbers(value) || isData(value)),
    in: record(fields.get("in"), isRange),
    path: fields.get("path") === "ascent" ? "ascent" : "descent",
    view: fields.get("view") === "surface" ? "surface" : "contour",
    hold: listed(fields.get("hold")),
    show: listed(fields.get("show")),
  };
}

const listed = (text) => (text ? text.split(",") : []);

function record(text, fits) {
  let found = null;
  try {
    found = JSON.parse(text);
  } catch {
    // Somebody edited the link.
  }
  if (found === null || typeof found !== "object" || Array.isArray(found)) return {};
  return Object.fromEntries(Object.entries(found).filter(([, value]) => fits(value)));
}

/** Whether a value is a finite number or a nested list of them. */
export const isNumbers = (value) =>
  Array.isArray(value) ? value.length > 0 && value.every(isNumbers) : Number.isFinite(value);

/** Whether a value stands for data that are kept on the server. */
export const isData = (value) => typeof value?.data === "string" && /^[0-9a-f]{32}$/.test(value.data);

const isRange = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1];
