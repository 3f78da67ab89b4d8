// uPlot as every picture here uses it: axes in the page's colours, numbers on both, no dates, no legend.

/** A colour of the page, which has a light and a dark one of each. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const axis = (more = {}) => ({
  stroke: colour("quiet"),
  font: "12px system-ui, sans-serif",
  grid: { stroke: colour("line"), width: 1 },
  ticks: { stroke: colour("line"), width: 1, size: 4 },
  size: 46,
  space: 48,
  ...more,
});

/** How wide an axis beside a chart must be for its longest label, in pixels. */
export const width = (chart, labels) => Math.max(46, 16 + 7.2 * Math.max(...(labels ?? [""]).map((label) => label.length)));

/** Make a chart in an element.
 *
 * data: columns, x first; series: one for each further column; scales: ranges by name, x among them; axes: further
 * fields of the axes, x first; hooks: uPlot's; height: in pixels; labels: of the axes.
 */
export function makeChart(host, { data, series = [], scales, axes = [{}, {}], hooks = {}, height = 320 }) {
  const options = {
    width: Math.max(host.clientWidth, 160),
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: Object.fromEntries(
      Object.entries(scales).map(([name, range]) => [name, { time: false, auto: false, range }]),
    ),
    axes: axes.map((more, n) => axis(n === 0 ? more : { size: width, ...more })),
    series: [{}, ...series.map((one) => ({ width: 2, pxAlign: 0, points: { show: false }, ...one }))],
    hooks,
  };
  return new globalThis.uPlot(options, data, host);
}

/** Tell moved(x, y) where somebody presses or drags on a chart; fingers only tap, for they scroll. */
export function onPress(chart, moved) {
  const tell = (event) => {
    const box = chart.over.getBoundingClientRect();
    moved(chart.posToVal(event.clientX - box.left, "x"), chart.posToVal(event.clientY - box.top, "y"));
  };
  chart.over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") chart.over.setPointerCapture(event.pointerId);
  });
  chart.over.addEventListener("pointermove", (event) => {
    if (chart.over.hasPointerCapture(event.pointerId) && event.pointerType !== "touch") tell(event);
  });
  chart.over.addEventListener("click", tell);
}

/** Draw within the frame of a chart, in pixels of its canvas; at(x, y) is where a point is. */
export function inside(chart, draw) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.setLineDash([]);
  draw(ctx, (x, y, scale = "y") => [chart.valToPos(x, "x", true), chart.valToPos(y, scale, true)], devicePixelRatio);
  ctx.restore();
}

/** Draw a chart again at the next frame, however often that is asked for meanwhile. */
export function redrawing(chart) {
  let asked = 0;
  return () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      if (chart.root.isConnected) chart.redraw(false);
    });
  };
}

/** Draw the point itself. */
export function drawPoint(chart, x, y) {
  inside(chart, (ctx, at, pixel) => {
    ctx.beginPath();
    ctx.arc(...at(x, y), 6 * pixel, 0, 2 * Math.PI);
    ctx.fillStyle = "#ff5a1f";
    ctx.fill();
    ctx.lineWidth = 2 * pixel;
    ctx.strokeStyle = "#fff";
    ctx.stroke();
  });
}

/** A range that shows most of some numbers well: poles are cut off, and nothing is flat against the frame. */
export function extent(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return [-1, 1];
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  const middle = at(0.95) - at(0.05);
  const [low, high] = [Math.max(at(0), at(0.05) - 3 * middle), Math.min(at(1), at(0.95) + 3 * middle)];
  const margin = (high - low) * 0.07 || Math.abs(high) * 0.1 || 1;
  return [low - margin, high + margin];
}

/** Columns uPlot can draw: what is not finite is a gap. */
export const drawable = (values) => values.map((value) => (Number.isFinite(value) ? value : null));
