// A table as text, to columns of numbers.

const SEPARATORS = ["\t", ";", ","];

/** The columns of a table whose first line has their names.
 *
 * Rows with an empty cell are left out and counted. The problem, if there is one, names the place of a cell.
 */
export function readTable(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).map((line, n) => ({ line, at: n + 1 }));
  const [head, ...rows] = lines.filter(({ line }) => line.trim() !== "");
  if (head === undefined) return { names: [], columns: {}, count: 0, skipped: 0, problem: "" };
  const separator = SEPARATORS.find((each) => head.line.includes(each)) ?? ",";
  const cells = (line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const names = cells(head.line);
  const table = { names, columns: Object.fromEntries(names.map((name) => [name, []])), count: 0, skipped: 0, problem: "" };
  if (new Set(names).size < names.length || names.includes("")) {
    return { ...table, problem: "the first line names each column once" };
  }
  for (const { line, at } of rows) {
    const found = cells(line);
    if (found.length !== names.length || found.includes("")) {
      table.skipped += 1;
      continue;
    }
    const numbers = found.map(Number);
    const wrong = numbers.findIndex((each) => !Number.isFinite(each));
    if (wrong >= 0) return { ...table, problem: `line ${at}, column ${names[wrong]}: ${found[wrong]} is no number` };
    numbers.forEach((each, n) => table.columns[names[n]].push(each));
    table.count += 1;
  }
  return table.count ? table : { ...table, problem: "the table has no rows of numbers" };
}
