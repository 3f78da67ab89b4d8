// A function of many numbers: along each of them its slice through the point, with the tangent. One request for all.

import { number, post } from "../../api.js";
import { colour, drawable, extent, makeChart, onPress } from "../../chart.js";
import { batch, read, spaced } from "../point/coordinates.js";
import { drawTangent } from "./curve.js";

const POINTS = 61;
const SLICES = 9;

export async function makeSlices(host, caption, model, signal) {
  const shown = model.coordinates.slice(0, SLICES).map((coordinate, n, { length }) => ({
    coordinate,
    n,
    range: model.ranges[n],
    few: length < 4,
  }));
  const grids = shown.map(({ range }) => spaced(range, POINTS));
  const values = await fetchSlices(model, model.at, shown, grids, signal);
  // All places first: what stands beside a chart decides how wide it is.
  const holders = shown.map(() => document.createElement("div"));
  host.replaceChildren(...holders);
  const charts = shown.map((slice, n) => makeSlice(holders[n], model, slice, grids[n], values[n]));
  return {
    async follow(reading) {
      const fresh = await fetchSlices(model, reading.at, shown, grids, signal);
      charts.forEach((chart, n) => chart.follow(reading, fresh[n]));
      const more = model.coordinates.length - shown.length;
      caption.textContent = `The function along each of its numbers, through the point, with the tangent there.${more > 0 ? ` ${more} more are not drawn.` : ""}`;
    },
    destroy: () => charts.forEach((chart) => chart.destroy()),
  };
}

/** Ask for the values on every slice at once: one batch in which only arguments that are drawn move. */
async function fetchSlices(model, at, shown, grids, signal) {
  const rows = shown.flatMap(({ coordinate }, n) => grids[n].map((x) => [[coordinate, x]]));
  const { value } = await post("/v1/evaluate", { ...model.request, ...batch(model.args, at, rows) }, signal);
  const values = number(value);
  return shown.map((_, n) => values.slice(n * POINTS, (n + 1) * POINTS));
}

function makeSlice(holder, model, { coordinate, n, range, few }, xs, values) {
  let here = null;
  let limits = extent(values);
  const chart = makeChart(holder, {
    data: [xs, drawable(values)],
    series: [{ stroke: colour("curve"), width: 2.5 }],
    scales: { x: range, y: () => limits },
    axes: [{ label: coordinate.label, labelSize: 18, labelFont: "italic 14px Georgia, serif", size: 30, space: 28 }, {}],
    hooks: { draw: [(drawn) => here && drawTangent(drawn, range, here)] },
    height: holder.clientWidth < 160 ? 170 : few ? 340 : 230,
  });
  onPress(chart, (x) => model.moved([[coordinate, x]]));
  return {
    follow({ at, value, gradient }, fresh) {
      here = { x: read(at[coordinate.arg], coordinate.index), value, slope: gradient[n] };
      limits = extent(fresh);
      chart.setData([xs, drawable(fresh)]);
    },
    destroy: () => chart.destroy(),
  };
}
