// A function of two numbers: contours, the gradient field, and the path down or up from the point.
//
// Values and gradients of the whole grid come in one request. Contours stand at quantiles of the values, so that a
// valley is seen beside a wall a thousand times as high.

import { newest, number, post, settled } from "../../api.js";
import { drawPoint, inside, makeChart, onPress, redrawing } from "../../chart.js";
import { batch, read, spaced } from "../point/coordinates.js";
import { brief } from "../../numbers.js";
import { descend, perRow } from "./descent.js";

const GRID = 57;
const EVERY = 4;
const LEVELS = 16;
const MANY = 40;
const LEGEND = "Contours with the gradient field (arrows uphill).";
const SEA = [
  [22, 32, 84],
  [38, 84, 158],
  [52, 140, 176],
  [128, 200, 172],
  [244, 244, 200],
];

export async function makeContour(host, caption, model, signal) {
  const field = await fetchField(model, signal);
  const shown = { point: null, path: [] };
  const chart = makeChart(host, {
    data: [field.axes[0], field.axes[0].map(() => null)],
    series: [{ show: false }],
    scales: { x: model.ranges[0], y: model.ranges[1] },
    axes: model.coordinates.map(({ label }) => ({
      label,
      labelSize: 20,
      labelFont: "italic 15px Georgia, serif",
      grid: { show: false },
    })),
    hooks: { drawClear: [(drawn) => drawField(drawn, field)], draw: [(drawn) => drawWay(drawn, shown)] },
    height: Math.min(Math.max(host.clientWidth * 0.92, 300), 620),
  });
  const redraw = redrawing(chart);
  onPress(chart, (x, y) =>
    model.moved([
      [model.coordinates[0], x],
      [model.coordinates[1], y],
    ]),
  );
  const wander = settled(
    60,
    newest((stop, reading) => walk(model, reading, stop, shown, redraw, caption)),
  );
  signal.addEventListener("abort", () => wander(null));
  return {
    async follow(reading) {
      shown.point = model.coordinates.map(({ arg, index }) => read(reading.at[arg], index));
      shown.path = [];
      caption.textContent = LEGEND;
      redraw();
      wander(reading);
    },
    destroy: () => chart.destroy(),
  };
}

async function walk(model, reading, stop, shown, redraw, caption) {
  if (reading === null) return;
  const uphill = model.path() === "ascent";
  const asked = { model, start: shown.point, value: reading.value, gradient: reading.gradient, uphill };
  const end = await descend(asked, stop, (path) => {
    shown.path = path;
    redraw();
  });
  const steps = end.path.length - 1;
  const [x, y] = model.coordinates.map(({ label }, n) => `${label} = ${brief(end.path.at(-1)[n])}`);
  caption.textContent = `${LEGEND} ${
    steps
      ? `Steepest ${uphill ? "ascent" : "descent"} from the point: ${steps} steps to ${brief(end.value)} at ${x}, ${y}.`
      : `From the point nothing leads ${uphill ? "up" : "down"}.`
  }`;
}

/** Values on a grid, row by row from the least y, and gradients on every few of its nodes. */
async function fetchField(model, signal) {
  const axes = model.ranges.map((range) => spaced(range, GRID));
  const nodes = axes[1].flatMap((y) => axes[0].map((x) => [x, y]));
  const rows = nodes.map((node) => node.map((x, n) => [model.coordinates[n], x]));
  const asked = { ...model.request, ...batch(model.args, model.at, rows), argnums: model.argnums };
  const { value, gradient } = await post("/v1/grad", asked, signal);
  const gradients = perRow(number(gradient), nodes.length);
  const sparse = (n) => (n % GRID) % EVERY === 2 && Math.floor(n / GRID) % EVERY === 2;
  const arrows = nodes.map((node, n) => ({ node, gradient: gradients[n], n })).filter(({ n }) => sparse(n));
  return { axes, arrows, ...levels(number(value)) };
}

function levels(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const cuts = Array.from({ length: LEVELS }, (_, n) => sorted[Math.floor((sorted.length * n) / LEVELS)]);
  const thresholds = [...new Set(cuts)].filter((cut) => cut !== undefined);
  const contours = globalThis.d3.contours().size([GRID, GRID]).smooth(true).thresholds(thresholds)(values);
  const rank = (n) => thresholds.filter((cut) => cut <= values[n]).length / thresholds.length;
  return { contours, rank };
}

/** The colour of a level from 0, the deepest, to 1. */
export function sea(part) {
  const place = Math.min(Math.max(part, 0), 1) * (SEA.length - 1);
  const low = Math.min(Math.floor(place), SEA.length - 2);
  const mixed = SEA[low].map((start, n) => Math.round(start + (SEA[low + 1][n] - start) * (place - low)));
  return `rgb(${mixed.join(" ")})`;
}

function drawField(chart, field) {
  inside(chart, (ctx, at, pixel) => {
    field.contours.forEach(({ coordinates }, n) => {
      ctx.beginPath();
      coordinates.flat().forEach((ring) =>
        trace(
          ctx,
          ring.map(([i, j]) => at(between(field.axes[0], i), between(field.axes[1], j))),
        ),
      );
      ctx.fillStyle = sea(n / Math.max(field.contours.length - 1, 1));
      ctx.fill("evenodd");
      ctx.lineWidth = 0.8 * pixel;
      ctx.strokeStyle = "rgb(255 255 255 / 35%)";
      ctx.stroke();
    });
    drawArrows(ctx, at, pixel, field);
  });
}

/** Where a contour's coordinate is: node n of the grid stands at n + 1/2. */
const between = (axis, place) => axis[0] + ((place - 0.5) / (axis.length - 1)) * (axis.at(-1) - axis[0]);

function trace(ctx, ring) {
  ring.forEach((point, n) => (n === 0 ? ctx.moveTo(...point) : ctx.lineTo(...point)));
  ctx.closePath();
}

function drawArrows(ctx, at, pixel, { arrows, axes, rank }) {
  const [cell] = [0, 1].map((n) => Math.abs(at(axes[0][EVERY], axes[1][EVERY])[n] - at(axes[0][0], axes[1][0])[n]));
  const steepest = Math.max(...arrows.map(({ gradient }) => Math.hypot(...gradient)).filter(Number.isFinite));
  ctx.lineWidth = 1.3 * pixel;
  for (const { node, gradient, n } of arrows) {
    const [x, y] = at(...node);
    const [ahead, above] = at(node[0] + gradient[0], node[1] + gradient[1]);
    const angle = Math.atan2(above - y, ahead - x);
    const length = cell * (0.2 + 0.6 * (Math.hypot(...gradient) / steepest) ** 0.4);
    ctx.strokeStyle = rank(n) > 0.62 ? "rgb(10 20 50 / 60%)" : "rgb(255 255 255 / 65%)";
    if (Number.isFinite(angle) && length > 0 && gradient.some((part) => part !== 0))
      drawArrow(ctx, x, y, angle, length);
  }
}

function drawArrow(ctx, x, y, angle, length) {
  const [dx, dy] = [Math.cos(angle) * length, Math.sin(angle) * length];
  const [tipX, tipY] = [x + dx / 2, y + dy / 2];
  ctx.beginPath();
  ctx.moveTo(x - dx / 2, y - dy / 2);
  ctx.lineTo(tipX, tipY);
  for (const side of [-0.45, 0.45]) {
    ctx.moveTo(tipX, tipY);
    ctx.lineTo(tipX - Math.cos(angle + side) * length * 0.35, tipY - Math.sin(angle + side) * length * 0.35);
  }
  ctx.stroke();
}

function drawWay(chart, { point, path }) {
  if (point === null) return;
  inside(chart, (ctx, at, pixel) => {
    const line = path.map((step) => at(...step));
    for (const [stroke, width] of [
      ["rgb(20 10 0 / 55%)", 4.5],
      ["#ff8a4c", 2.5],
    ]) {
      ctx.beginPath();
      line.forEach((step, n) => (n === 0 ? ctx.moveTo(...step) : ctx.lineTo(...step)));
      ctx.lineJoin = "round";
      ctx.lineWidth = width * pixel;
      ctx.strokeStyle = stroke;
      ctx.stroke();
    }
    ctx.fillStyle = "#fff3e8";
    if (line.length < MANY)
      line.slice(1).forEach(([x, y]) => ctx.fillRect(x - 1.5 * pixel, y - 1.5 * pixel, 3 * pixel, 3 * pixel));
  });
  drawPoint(chart, ...point);
}
