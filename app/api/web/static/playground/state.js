// What is shown, as one object, and that object as the fragment of a URL, which no server sees.
//
// expression: the text; format: its notation, "text" or "latex"; at: a number or nested list for each argument; in: a range for each coordinate, by its label;
// path: "descent" or "ascent".

import { EXAMPLES } from "./examples.js";

const copy = (value) => JSON.parse(JSON.stringify(value));

/** The state of an example. */
export const ofExample = ({ expression, format = "text", at, in: ranges, path = "descent" }) =>
  copy({ expression, format, at, in: ranges, path });

/** The fragment that says everything. */
export function toHash(state) {
  const fields = new URLSearchParams({
    f: state.expression,
    at: JSON.stringify(state.at),
    in: JSON.stringify(state.in),
  });
  if (state.format !== "text") fields.set("format", state.format);
  if (state.path !== "descent") fields.set("path", state.path);
  return `#${fields}`;
}

/** What a fragment says; what it does not say, or says in no way we know, is left to be found out. */
export function fromHash(hash) {
  const fields = new URLSearchParams(hash.slice(1));
  if (!fields.has("f")) return ofExample(EXAMPLES[0]);
  return {
    expression: fields.get("f"),
    format: fields.get("format") === "latex" ? "latex" : "text",
    at: record(fields.get("at"), isNumbers),
    in: record(fields.get("in"), isRange),
    path: fields.get("path") === "ascent" ? "ascent" : "descent",
  };
}

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

const isRange = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1];
