// A table of numbers to read: coloured by sign, the stronger the larger.

import { brief } from "../numbers.js";

const STRONGEST = 55; // per cent of the colour, so that the number stays readable on it

export const make = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** A table of numbers; rows: lists of numbers; labels of rows and columns may be left out. */
export function makeMatrix(rows, { name, rowLabels = [], columnLabels = [] }) {
  const table = make("table", { className: "matrix" });
  table.append(make("caption", { className: "hidden", textContent: name }));
  if (columnLabels.length) table.append(make("thead", {}, heads(columnLabels, rowLabels.length > 0)));
  const cells = rows.map((row) => row.map(() => make("td")));
  table.append(
    make("tbody", {}, ...cells.map((row, n) => make("tr", {}, ...(n in rowLabels ? [head(rowLabels[n], "row")] : []), ...row))),
  );
  const follow = (numbers) => {
    const largest = Math.max(...numbers.flat().map(Math.abs).filter(Number.isFinite), 0);
    cells.forEach((row, i) => row.forEach((cell, j) => paint(cell, numbers[i]?.[j], largest)));
  };
  follow(rows);
  return { element: table, follow };
}

export const head = (textContent, scope) => make("th", { textContent, scope });

function heads(labels, corner) {
  return make("tr", {}, ...(corner ? [make("td")] : []), ...labels.map((label) => head(label, "col")));
}

/** Write a number into a cell and colour it by its part of the largest. */
export function paint(cell, number, largest) {
  cell.textContent = number === undefined ? "" : brief(number);
  cell.className = number > 0 ? "plus" : number < 0 ? "minus" : "";
  const part = largest > 0 && Number.isFinite(number) ? Math.sqrt(Math.abs(number) / largest) : 0;
  cell.style.setProperty("--part", `${Math.round(STRONGEST * part)}%`);
}

/** A region that scrolls sideways, which the keyboard reaches. */
export function scrolled(name, ...children) {
  const region = make("div", { className: "scrolled", tabIndex: 0, ariaLabel: name }, ...children);
  region.setAttribute("role", "region");
  return region;
}
