// A vector or matrix as a grid of boxes: edited by keys, filled by a paste, copied as a table of a spreadsheet.

import { copy } from "../../clipboard.js";
import { brief } from "../../numbers.js";
import { head, make, makeMatrix, scrolled } from "../matrix.js";
import { read, replaced, shape } from "./coordinates.js";
import { asTsv, isTable, readNumbers } from "./tables.js";

const MOST = 20;
const HEAD = 5;

/** Whether a value is shown as a grid or its summary: a vector or a matrix. */
export const hasGrid = (value) => [1, 2].includes(shape(value).length);

/** The grid of an argument; moved(arg, value) is told what the user sets. */
export function makeGrid(arg, value, moved) {
  const said = make("p", { className: "problem" });
  said.setAttribute("role", "alert");
  const fill = (text) => {
    const { value: found, problem } = readNumbers(text);
    said.textContent = problem ? `Not pasted: ${problem}.` : "";
    if (!problem) moved(arg, found);
  };
  const large = shape(value).some((length) => length > MOST);
  const made = large ? makeSummary(arg, value, fill) : makeCells(arg, value, fill, moved);
  const slopes = make("div", { className: "slopes" });
  const element = make("div", { className: "grid" }, made.element, slopes, made.tools, said);
  return { element, follow: made.follow, slopes: (numbers) => showSlopes(slopes, arg, shape(value), numbers, large) };
}

function makeCells(arg, value, fill, moved) {
  let current = value;
  const isMatrix = shape(value).length === 2;
  const [rows, columns] = isMatrix ? shape(value) : [1, value.length];
  const index = (i, j) => (isMatrix ? [i, j] : [j]);
  const cells = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => cell(i, j)));

  function cell(i, j) {
    const box = make("input", { id: `cell-${arg}-${i}-${j}`, inputMode: "decimal", autocomplete: "off", spellcheck: false });
    box.setAttribute("aria-label", `${arg}[${index(i, j).join(", ")}]`);
    box.addEventListener("input", () => {
      const found = Number(box.value.replace(",", "."));
      const right = box.value.trim() !== "" && Number.isFinite(found);
      box.setAttribute("aria-invalid", String(!right));
      if (right) moved(arg, replaced(current, index(i, j), found));
    });
    box.addEventListener("blur", () => follow(current));
    box.addEventListener("focus", () => box.select());
    box.addEventListener("keydown", (event) => travel(event, cells, i, j));
    return box;
  }

  function follow(next) {
    current = next;
    cells.forEach((row, i) =>
      row.forEach((box, j) => {
        if (document.activeElement === box) return;
        box.value = String(read(next, index(i, j)));
        box.setAttribute("aria-invalid", "false");
      }),
    );
  }

  const labels = Array.from({ length: columns }, (_, j) => head(j, "col"));
  const body = cells.map((row, i) =>
    make("tr", {}, ...(isMatrix ? [head(i, "row")] : []), ...row.map((box) => make("td", {}, box))),
  );
  const table = make(
    "table",
    {},
    make("caption", { className: "hidden", textContent: `${arg}: paste a table to fill it` }),
    make("thead", {}, make("tr", {}, ...(isMatrix ? [make("td")] : []), ...labels)),
    make("tbody", {}, ...body),
  );
  table.addEventListener("paste", (event) => pasted(event, fill));
  table.addEventListener("copy", (event) => {
    const { selectionStart, selectionEnd, value: text } = event.target;
    if (selectionEnd - selectionStart > 0 && selectionEnd - selectionStart < text.length) return; // a part of a number
    event.clipboardData.setData("text/plain", asTsv(current));
    event.preventDefault();
  });
  follow(value);
  const resize = (change) => moved(arg, change(current));
  return { element: scrolled(`${arg} as a grid`, table), tools: tools(arg, isMatrix, () => current, resize), follow };
}

/** Arrow keys and Enter go to the neighbour; within a number the arrows move the caret. */
function travel(event, cells, i, j) {
  const { selectionStart: start, selectionEnd: end, value } = event.target;
  const whole = start === 0 && end === value.length;
  const step = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    Enter: event.shiftKey ? [-1, 0] : [1, 0],
    ArrowLeft: (whole || end === 0) && [0, -1],
    ArrowRight: (whole || start === value.length) && [0, 1],
  }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const [down, across] = cells.length === 1 && event.key === "Enter" ? [0, step[0]] : step;
  const next = cells[i + down]?.[j + across];
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") event.preventDefault();
  if (!next) return;
  event.preventDefault();
  next.focus();
}

const RESIZED = {
  "+ row": (rows) => [...rows, rows[0].map(() => 0)],
  "− row": (rows) => rows.slice(0, Math.max(rows.length - 1, 1)),
  "+ column": (rows) => rows.map((row) => [...row, 0]),
  "− column": (rows) => rows.map((row) => row.slice(0, Math.max(row.length - 1, 1))),
};
const LENGTHENED = {
  "+ number": (row) => [...row, 0],
  "− number": (row) => row.slice(0, Math.max(row.length - 1, 1)),
};

function tools(arg, isMatrix, current, resize) {
  const buttons = Object.entries(isMatrix ? RESIZED : LENGTHENED).map(([name, change], n) => {
    const button = make("button", { type: "button", id: `size-${arg}-${n}`, textContent: name });
    button.setAttribute("aria-label", `${name} of ${arg}`.replace("−", "minus").replace("+", "plus"));
    button.addEventListener("click", () => resize(change));
    return button;
  });
  return make("div", { className: "row tools" }, ...buttons, copying(arg, current));
}

function copying(arg, current) {
  const button = make("button", { type: "button", id: `copy-${arg}`, textContent: "Copy" });
  button.setAttribute("aria-label", `Copy ${arg} as a table`);
  button.addEventListener("click", () => copy(asTsv(current())));
  return button;
}

function pasted(event, fill) {
  const text = event.clipboardData.getData("text/plain");
  if (!isTable(text)) return; // one number goes into its box
  event.preventDefault();
  fill(text);
}

/** What a larger array is: its shape, its first rows, and a way to replace it. */
function makeSummary(arg, value, fill) {
  let current = value;
  const area = make("textarea", { id: `replace-${arg}`, rows: 3, hidden: true, placeholder: "Paste a table or JSON here" });
  area.setAttribute("aria-label", `A table or JSON in the place of ${arg}`);
  area.addEventListener("input", () => fill(area.value));
  const button = make("button", { type: "button", id: `open-${arg}`, textContent: "Replace…" });
  button.addEventListener("click", () => {
    area.hidden = !area.hidden;
    if (!area.hidden) area.focus();
  });
  const text = make("p", { className: "quiet" });
  const rows = make("div");
  const follow = (next) => {
    current = next;
    const sizes = shape(next);
    text.textContent = `${sizes.join(" × ")} numbers; the first ${sizes.length === 2 ? "rows" : "numbers"}:`;
    const first = sizes.length === 2 ? next.slice(0, HEAD) : [next];
    const cut = first.map((row) => row.slice(0, 2 * HEAD));
    rows.replaceChildren(makeMatrix(cut, { name: `The beginning of ${arg}` }).element);
  };
  follow(value);
  const region = scrolled(`${arg}, the beginning`, text, rows);
  region.addEventListener("paste", (event) => pasted(event, fill));
  return { element: region, tools: make("div", { className: "row tools" }, button, copying(arg, () => current), area), follow };
}

/** The gradient by an argument, in the shape that it has. */
function showSlopes(host, arg, sizes, numbers, large) {
  if (numbers.length === 0) host.replaceChildren();
  else if (large) host.replaceChildren(make("p", { className: "quiet", textContent: summary(arg, numbers) }));
  else {
    const [rows, columns] = sizes.length === 2 ? sizes : [1, sizes[0]];
    const table = Array.from({ length: rows }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
    const focused = host.contains(document.activeElement);
    const { element } = makeMatrix(table, { name: `The gradient by ${arg}` });
    const region = scrolled(`The gradient by ${arg}`, make("span", { className: "quiet", textContent: `∂f/∂${arg}` }), element);
    host.replaceChildren(region);
    if (focused) region.focus();
  }
}

/** A gradient of many numbers in a sentence. */
export function summary(arg, numbers) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return `∂f/∂${arg}: ${numbers.length} numbers from ${brief(low)} to ${brief(high)}, norm ${brief(Math.hypot(...numbers))}.`;
}
