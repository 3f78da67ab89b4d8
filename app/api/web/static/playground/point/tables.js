// Numbers as text of several kinds: JSON, and tables as spreadsheets copy and export them.
//
// Tables are CSV (RFC 4180) or the same with tabs or semicolons. Beside tabs and semicolons a comma is a decimal point.

import { isData, isNumbers } from "../state.js";

/** The number, list or reference to data that JSON says, with or without the brackets of a list; null if it is none. */
export function readJson(text) {
  for (const candidate of [text, `[${text}]`]) {
    try {
      const found = JSON.parse(candidate);
      return isNumbers(found) || isData(found) ? found : null;
    } catch {
      // Perhaps in brackets.
    }
  }
  return null;
}

/** What a table or JSON says, {value}, or {problem}: a number, a list for one row or column, else a list of rows. */
export function readNumbers(text) {
  const json = readJson(text.trim());
  if (json !== null) return isEven(json) ? { value: json } : { problem: "the rows have different lengths" };
  const rows = cellsOf(text);
  const names = rows.length > 1 && rows[0].every((cell) => cell !== "" && Number.isNaN(Number(cell)));
  const body = names ? rows.slice(1) : rows;
  if (body.length === 0) return { problem: "there are no numbers in it" };
  for (const [n, row] of body.entries()) {
    const place = `line ${n + 1 + Number(names)}`;
    if (row.length !== body[0].length)
      return { problem: `${place} has ${row.length} cells, and the first has ${body[0].length}` };
    const wrong = row.findIndex((cell) => cell === "" || !Number.isFinite(Number(cell)));
    if (wrong >= 0)
      return { problem: `${place}, column ${wrong + 1}: ${row[wrong] === "" ? "an empty cell" : row[wrong]} is no number` };
  }
  return { value: simplest(body.map((row) => row.map(Number))) };
}

/** Whether a text is more than one cell: only then does it fill a grid. */
export const isTable = (text) => /[\t\n;]/.test(text.trim()) || /^\s*\[/.test(text) || /\d\s*,\s*-?\d+\s*,/.test(text);

/** A vector or matrix as a spreadsheet reads it. */
export const asTsv = (value) =>
  value.map((row) => (Array.isArray(row) ? row.join("\t") : String(row))).join(Array.isArray(value[0]) ? "\n" : "\t");

function cellsOf(text) {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== "");
  const separator = ["\t", ";", ","].find((each) => lines.some((line) => line.includes(each))) ?? /\s+/;
  const decimal = separator === ",";
  return lines.map((line) =>
    (separator === "\t" ? line : line.trim()).split(separator).map((cell) => {
      const bare = cell.trim().replace(/^"(.*)"$/, "$1");
      return decimal ? bare : bare.replace(/^([+-]?\d+),(\d+)$/, "$1.$2");
    }),
  );
}

function simplest(rows) {
  if (rows.length === 1) return rows[0].length === 1 ? rows[0][0] : rows[0];
  return rows[0].length === 1 ? rows.map(([cell]) => cell) : rows;
}

/** Whether a nested list has one shape throughout. */
function isEven(value) {
  if (!Array.isArray(value)) return true;
  const shapes = value.map((part) => (Array.isArray(part) ? part.length : -1));
  return shapes.every((each) => each === shapes[0]) && value.every(isEven);
}
