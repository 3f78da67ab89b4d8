// Data with the curve of the model, residuals below, and the sum of squares by iteration.

import { colour, drawable, extent, inside, makeChart, width } from "../chart.js";

const dots = (name, size = 7) => ({ stroke: colour(name), fill: colour(name), paths: () => null, points: { show: true, size } });

/** Both axes of a chart; those beside it are equally wide, so that the charts stand above each other. */
const axes = (across, upwards, more = {}) => {
  const named = (label) => ({ label, labelSize: 20, labelFont: "italic 15px Georgia, serif" });
  return [
    { ...named(across), size: 30 },
    { ...named(upwards), size: (chart, labels) => Math.max(74, width(chart, labels)), ...more },
  ];
};

/** Show data, as points, and a curve; labels: of both axes. */
export function drawCurve(host, { x, y, curve, labels }) {
  host.replaceChildren();
  const xs = [...x, ...(curve?.x ?? [])];
  const places = xs.map((_, n) => n).sort((a, b) => xs[a] - xs[b]);
  const column = (values) => drawable(places.map((n) => values(n) ?? null));
  const data = [
    places.map((n) => xs[n]),
    column((n) => (n < x.length ? y[n] : null)),
    column((n) => (n < x.length ? null : curve.y[n - x.length])),
  ];
  return makeChart(host, {
    data,
    series: [dots("ink"), { stroke: colour("slope"), width: 2, spanGaps: true }],
    scales: { x: padded(xs), y: extent([...y, ...(curve?.y ?? [])]) },
    axes: axes(...labels),
    height: 340,
  });
}

/** Show the residuals below it. */
export function drawResiduals(host, { x, residuals, label }) {
  host.replaceChildren();
  const places = x.map((_, n) => n).sort((a, b) => x[a] - x[b]);
  return makeChart(host, {
    data: [places.map((n) => x[n]), drawable(places.map((n) => residuals[n]))],
    series: [dots("ink", 5)],
    scales: { x: padded(x), y: extent([0, ...residuals]) },
    axes: axes(label, "residual", { space: 24 }),
    hooks: { draw: [zero] },
    height: 180,
  });
}

const powers = (_, ticks) => ticks.map((tick) => String(Number((10 ** tick).toPrecision(2))));

/** Show the sums of squares of the iterations; the axis is of their decimal logarithms. */
export function drawPath(host, sums) {
  host.replaceChildren();
  const logs = sums.map((sum) => Math.log10(Math.max(sum, Number.MIN_VALUE)));
  return makeChart(host, {
    data: [logs.map((_, n) => n + 1), logs],
    series: [{ stroke: colour("curve"), points: { show: logs.length < 60, size: 5 } }],
    scales: { x: [0, Math.max(sums.length, 2) + 1], y: extent(logs) },
    axes: axes("iteration", "sum of squares", { space: 24, values: powers }),
    height: 170,
  });
}

function padded(xs) {
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const margin = (high - low) * 0.04 || 1;
  return [low - margin, high + margin];
}

function zero(chart) {
  inside(chart, (ctx, at) => {
    const { min, max } = chart.scales.x;
    ctx.beginPath();
    ctx.moveTo(...at(min, 0));
    ctx.lineTo(...at(max, 0));
    ctx.strokeStyle = colour("quiet");
    ctx.stroke();
  });
}
