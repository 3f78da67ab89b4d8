// A function of one number: its curve, its derivative, and the tangent at the point. One request for all of it.

import { number, post } from "../../api.js";
import { colour, drawPoint, drawable, extent, inside, makeChart, onPress, redrawing } from "../../chart.js";
import { batch, read, spaced } from "../point/coordinates.js";
import { brief } from "../../numbers.js";

const POINTS = 301;

export async function makeCurve(host, caption, model, signal) {
  const { coordinate, range } = { coordinate: model.coordinates[0], range: model.ranges[0] };
  const xs = spaced(range, POINTS);
  const rows = xs.map((x) => [[coordinate, x]]);
  const asked = { ...model.request, ...batch(model.args, model.at, rows), argnums: model.argnums };
  const found = await post("/v1/grad", asked, signal);
  const values = number(found.value);
  const slopes = number(found.gradient[0]).flat(Infinity);
  let here = null;
  const chart = makeChart(host, {
    data: [xs, drawable(values), drawable(slopes)],
    series: [
      { stroke: colour("curve"), width: 2.5 },
      { stroke: colour("slope"), width: 1.5, dash: [6, 5], scale: "slope" },
    ],
    scales: { x: range, y: extent(values), slope: extent(slopes) },
    axes: [
      {},
      { stroke: colour("curve") },
      { scale: "slope", side: 1, stroke: colour("slope"), grid: { show: false } },
    ],
    hooks: { draw: [(drawn) => here && drawTangent(drawn, range, here)] },
    height: 420,
  });
  const redraw = redrawing(chart);
  onPress(chart, (x) => model.moved([[coordinate, x]]));
  return {
    async follow({ at, value, gradient }) {
      here = { x: read(at[coordinate.arg], coordinate.index), value, slope: gradient[0] };
      redraw();
      const { label } = coordinate;
      const place = `${label} = ${brief(here.x)}`;
      const there = Number.isFinite(value)
        ? ` and its tangent at ${place}, of slope ${brief(here.slope)}.`
        : `. At ${place} it has no finite value.`;
      caption.textContent = `The function over ${label} (solid), its derivative (dashed, right axis)${there}`;
    },
    destroy: () => chart.destroy(),
  };
}

/** Draw a line through the point with the slope it has there. */
export function drawTangent(chart, [low, high], { x, value, slope }) {
  inside(chart, (ctx, at, pixel) => {
    ctx.beginPath();
    ctx.moveTo(...at(low, value + slope * (low - x)));
    ctx.lineTo(...at(high, value + slope * (high - x)));
    ctx.lineWidth = 1.5 * pixel;
    ctx.strokeStyle = "#ff5a1f";
    ctx.stroke();
  });
  drawPoint(chart, x, value);
}
