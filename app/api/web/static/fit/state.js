// What is on the page as the fragment of a URL, which no server sees; tables too long for one are not in it.

const MOST = 6000;

/** The fragment that says everything, or null if the data are too many. */
export function toHash({ data, observed, model, format, starts, bounds }) {
  const fields = new URLSearchParams({ data, y: observed, model, at: JSON.stringify(starts), in: JSON.stringify(bounds) });
  if (format !== "text") fields.set("format", format);
  const hash = `#${fields}`;
  return hash.length > MOST ? null : hash;
}

/** What a fragment says, or null; what is in no way we know is left out. */
export function fromHash(hash) {
  const fields = new URLSearchParams(hash.slice(1));
  if (!fields.has("data") || !fields.has("model")) return null;
  const pair = (value) => Array.isArray(value) && value.length === 2 && value.every((end) => end === null || isNumber(end));
  return {
    data: fields.get("data"),
    observed: fields.get("y") ?? "",
    model: fields.get("model"),
    format: fields.get("format") === "latex" ? "latex" : "text",
    starts: record(fields.get("at"), isNumber),
    bounds: record(fields.get("in"), pair),
  };
}

const isNumber = (value) => typeof value === "number";

function record(text, fits) {
  try {
    const found = JSON.parse(text) ?? {};
    return Object.fromEntries(Object.entries(found).filter(([, value]) => fits(value)));
  } catch {
    return {};
  }
}
