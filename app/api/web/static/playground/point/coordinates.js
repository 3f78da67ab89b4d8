// The numbers a point is made of: one coordinate for each number, and batches along them as in_axes reads them.

import { shapeOf } from "./kept.js";

/** Every number of a point in order: its argument, its index within, and a label such as X[0]. */
export function coordinates(args, at) {
  return args.flatMap((arg) =>
    indices(at[arg]).map((index) => ({
      arg,
      index,
      label: index.length ? `${arg}[${index.join(", ")}]` : arg,
    })),
  );
}

function indices(value) {
  if (!Array.isArray(value)) return [[]];
  return value.flatMap((part, n) => indices(part).map((index) => [n, ...index]));
}

/** The number of a nested list at an index. */
export const read = (value, index) => index.reduce((part, n) => part?.[n], value);

/** A nested list with another number at an index. */
export function replaced(value, [first, ...rest], number) {
  if (first === undefined) return number;
  return value.map((part, n) => (n === first ? replaced(part, rest, number) : part));
}

/** The fields of a request for the point itself. */
export const single = (args, at) => ({ point: args.map((arg) => at[arg]) });

/** The fields of a request for many points: each row is a list of [coordinate, number] that differ from the point. */
export function batch(args, at, rows) {
  const moved = new Set(rows.flatMap((row) => row.map(([coordinate]) => coordinate.arg)));
  const column = (arg) => rows.map((row) => displaced(at[arg], arg, row));
  return {
    point: args.map((arg) => (moved.has(arg) ? column(arg) : at[arg])),
    in_axes: args.map((arg) => (moved.has(arg) ? 0 : null)),
  };
}

const displaced = (value, arg, row) =>
  row
    .filter(([coordinate]) => coordinate.arg === arg)
    .reduce((part, [{ index }, number]) => replaced(part, index, number), value);

/** The shape of a nested list, or of data that are kept, as the service asks for it. */
export const shape = (value) =>
  Array.isArray(value) ? [value.length, ...shape(value[0])] : value?.data ? shapeOf(value.data) : [];

/** A first value for an argument nobody has given one: as many ones as the text uses elements. */
export function guess(expression, arg) {
  const name = arg.replace(/[^\p{L}\p{N}_]/gu, "");
  const used = [
    ...expression.matchAll(
      new RegExp(`(?<![\\p{L}\\p{N}_.])${name}\\s*\\[\\s*(\\d+)\\s*(?:,\\s*(\\d+)\\s*)?\\]`, "gu"),
    ),
  ];
  if (used.length === 0) return 1;
  const [rows, columns] = [1, 2].map((group) => Math.max(...used.map((match) => Number(match[group] ?? -1))) + 1);
  const row = columns > 0 ? Array(Math.min(columns, 8)).fill(1) : 1;
  return Array(Math.min(rows, 64)).fill(row);
}

/** Evenly spaced numbers from a to b. */
export const spaced = ([a, b], count) => Array.from({ length: count }, (_, n) => a + ((b - a) * n) / (count - 1));
