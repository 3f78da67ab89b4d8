// In which range each number of a point moves.

const WIDEST = 3;

/** What is known of a name; x_1 of LaTeX is x1 of a text. */
export function known(record, name) {
  const bare = (each) => each.replaceAll("_", "");
  return record[name] ?? record[Object.keys(record).find((each) => bare(each) === bare(name))];
}

/** A range that a number is in; without one, a range that shows the number well inside. */
export function widened(range, x = 0) {
  if (range === undefined) {
    const reach = Math.max(WIDEST, Number((Math.abs(x) * 1.5).toPrecision(2)));
    return [-reach, reach];
  }
  if (x >= range[0] && x <= range[1]) return range;
  const far = Math.abs(x) * 1.5;
  return [Math.min(range[0], -far), Math.max(range[1], far)];
}

/** A range scaled about a number. */
export const scaled = (range, x, factor) => range.map((end) => Number((x + (end - x) * factor).toPrecision(5)));
