// A function of two numbers as a surface: drawn from the back to the front, with the tangent plane and the gradient.
//
// The values of the whole grid come in one request. It turns by dragging, by the arrow keys and by buttons, and only then.

import { number, post } from "../../api.js";
import { brief } from "../../numbers.js";
import { colour, extent } from "../../chart.js";
import { batch, read, spaced } from "../point/coordinates.js";
import { sea } from "./contour.js";
import { cubed, projection } from "./projection.js";

const GRID = 41;
const STEP = Math.PI / 24;
const PLANE = 0.14; // half of the tangent plane's width, as a part of the range
const view = { turn: 0.6, tilt: 0.55 };

export async function makeSurface(host, caption, model, signal) {
  const field = await fetchValues(model, signal);
  const canvas = host.appendChild(document.createElement("canvas"));
  canvas.className = "surface";
  let here = null;
  const draw = () => paint(canvas, field, model, here);
  const turned = (turn, tilt) => {
    view.turn += turn;
    view.tilt = Math.min(Math.max(view.tilt + tilt, 0.05), 1.5);
    draw();
  };
  onDrag(canvas, turned);
  const typed = (event) => {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
    if (!step) return;
    event.preventDefault();
    turned(...step);
  };
  const buttons = [...document.querySelectorAll("#turns button")];
  const pressed = ({ currentTarget }) => turned(...currentTarget.dataset.turn.split(" ").map((part) => part * STEP));
  buttons.forEach((button) => button.addEventListener("click", pressed));
  const outer = host.parentElement;
  outer.tabIndex = 0;
  outer.addEventListener("keydown", typed);
  const described = describe(field, model);
  draw();
  return {
    async follow({ at, value, gradient }) {
      here = { place: model.coordinates.map(({ arg, index }) => read(at[arg], index)), value, gradient };
      draw();
      const [x, y] = model.coordinates.map(({ label }, n) => `${label} = ${brief(here.place[n])}`);
      caption.textContent = `${described} At the point, ${x} and ${y}, it is ${brief(value)}; the arrow shows the gradient, the square the tangent plane. Drag or use the arrow keys to turn it.`;
    },
    destroy() {
      outer.removeEventListener("keydown", typed);
      outer.removeAttribute("tabindex");
      buttons.forEach((button) => button.removeEventListener("click", pressed));
    },
  };
}

async function fetchValues(model, signal) {
  const axes = model.ranges.map((range) => spaced(range, GRID));
  const nodes = axes[1].flatMap((y) => axes[0].map((x) => [x, y]));
  const rows = nodes.map((node) => node.map((x, n) => [model.coordinates[n], x]));
  const { value } = await post("/v1/evaluate", { ...model.request, ...batch(model.args, model.at, rows) }, signal);
  const values = number(value);
  return { axes, nodes, values, limits: extent(values) };
}

/** The surface in words, for those who do not see it. */
function describe({ nodes, values }, model) {
  const finite = values.map((value, n) => [value, n]).filter(([value]) => Number.isFinite(value));
  if (finite.length === 0) return "The surface has no finite value here.";
  const place = ([, n]) => model.coordinates.map(({ label }, axis) => `${label} = ${brief(Number(nodes[n][axis].toPrecision(3)))}`).join(", ");
  const lowest = finite.reduce((one, other) => (other[0] < one[0] ? other : one));
  const highest = finite.reduce((one, other) => (other[0] > one[0] ? other : one));
  const short = ([value]) => brief(Number(value.toPrecision(4)));
  return `The surface lies between ${short(lowest)}, near ${place(lowest)}, and ${short(highest)}, near ${place(highest)}.`;
}

function onDrag(canvas, turned) {
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = [event.clientX, event.clientY];
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const [x, y] = [event.clientX, event.clientY];
    turned((last[0] - x) / 120, event.pointerType === "touch" ? 0 : (y - last[1]) / 120); // fingers scroll the page
    last = [x, y];
  });
}

function paint(canvas, field, model, here) {
  const [width, height] = [Math.max(canvas.clientWidth, 160), Math.min(Math.max(canvas.clientWidth * 0.86, 280), 600)];
  const pixel = devicePixelRatio;
  Object.assign(canvas, { width: width * pixel, height: height * pixel });
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(pixel, pixel);
  ctx.lineJoin = "round";
  const projected = projection({ ...view, width, height });
  const cube = ([x, y], z) => [cubed(x, model.ranges[0]), cubed(y, model.ranges[1]), 0.7 * cubed(clipped(z, field.limits), field.limits)];
  drawFloor(ctx, projected, model);
  const pieces = quads(field, cube, projected);
  const marks = here && Number.isFinite(here.value) ? marksOf(here, model, field, cube) : null;
  for (const piece of pieces.sort((one, other) => other.depth - one.depth)) {
    outline(ctx, piece.corners);
    ctx.fillStyle = sea(piece.level);
    ctx.fill();
    ctx.strokeStyle = "rgb(0 0 0 / 18%)";
    ctx.lineWidth = 0.6;
    ctx.stroke();
  }
  if (marks) drawMarks(ctx, marks, projected);
}

const clipped = (z, [low, high]) => Math.min(Math.max(z, low), high);

/** The faces of the grid whose corners are all finite. */
function quads({ nodes, values, limits }, cube, projected) {
  const pieces = [];
  for (let j = 0; j + 1 < GRID; j += 1) {
    for (let i = 0; i + 1 < GRID; i += 1) {
      const corners = [j * GRID + i, j * GRID + i + 1, (j + 1) * GRID + i + 1, (j + 1) * GRID + i];
      if (!corners.every((n) => Number.isFinite(values[n]))) continue;
      const points = corners.map((n) => cube(nodes[n], values[n]));
      const mean = corners.reduce((sum, n) => sum + clipped(values[n], limits), 0) / 4;
      pieces.push({
        corners: points.map(projected.seen),
        depth: points.reduce((sum, point) => sum + projected.depth(point), 0),
        level: cubed(mean, limits) + 0.5,
      });
    }
  }
  return pieces;
}

/** The tangent plane and the gradient at the point, in the cube. */
function marksOf({ place, value, gradient }, model, field, cube) {
  const reach = model.ranges.map(([low, high]) => (high - low) * PLANE);
  const tangent = (dx, dy) => [place[0] + dx, place[1] + dy, value + gradient[0] * dx + gradient[1] * dy];
  const free = ([x, y, z]) => [cubed(x, model.ranges[0]), cubed(y, model.ranges[1]), 0.7 * cubed(z, field.limits)];
  const plane = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([i, j]) => free(tangent(i * reach[0], j * reach[1])));
  const steep = Math.hypot(gradient[0] * reach[0], gradient[1] * reach[1]);
  const arrow = steep > 0 ? free(tangent((gradient[0] * reach[0] ** 2) / steep, (gradient[1] * reach[1] ** 2) / steep)) : null;
  return { point: cube(place, value), plane, arrow };
}

function drawMarks(ctx, { point, plane, arrow }, projected) {
  outline(ctx, plane.map(projected.seen));
  ctx.fillStyle = "rgb(255 138 76 / 35%)";
  ctx.fill();
  ctx.strokeStyle = "#ff5a1f";
  ctx.lineWidth = 1.5;
  ctx.stroke();
  const [x, y] = projected.seen(point);
  if (arrow) drawArrow(ctx, [x, y], projected.seen(arrow));
  ctx.beginPath();
  ctx.arc(x, y, 6, 0, 2 * Math.PI);
  ctx.fillStyle = "#ff5a1f";
  ctx.fill();
  ctx.strokeStyle = "#fff";
  ctx.lineWidth = 2;
  ctx.stroke();
}

function drawArrow(ctx, [x, y], [tipX, tipY]) {
  const angle = Math.atan2(tipY - y, tipX - x);
  for (const [stroke, lineWidth] of [["#fff", 5], ["#a02a00", 2.5]]) {
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(tipX, tipY);
    for (const side of [-0.5, 0.5]) {
      ctx.moveTo(tipX, tipY);
      ctx.lineTo(tipX - 11 * Math.cos(angle + side), tipY - 11 * Math.sin(angle + side));
    }
    ctx.strokeStyle = stroke;
    ctx.lineWidth = lineWidth;
    ctx.stroke();
  }
}

/** The floor with the ends of both ranges. */
function drawFloor(ctx, projected, model) {
  const corners = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]].map(([x, y]) => [x, y, -0.35]);
  outline(ctx, corners.map(projected.seen));
  ctx.strokeStyle = colour("quiet");
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = colour("quiet");
  ctx.font = "12px system-ui, sans-serif";
  ctx.textAlign = "center";
  model.coordinates.forEach(({ label }, axis) => {
    const side = axis === 0 ? (x) => [x, near(projected, 1) * 0.58, -0.35] : (y) => [near(projected, 0) * 0.58, y, -0.35];
    const [low, high] = model.ranges[axis];
    for (const [part, text] of [[-0.45, brief(low)], [0, label], [0.45, brief(high)]]) ctx.fillText(text, ...projected.seen(side(part)));
  });
}

/** The side of the floor that is nearer to the eye, -1 or 1, along the x axis (0) or the y axis (1). */
function near(projected, axis) {
  const at = (side) => projected.depth(axis === 0 ? [side, 0, 0] : [0, side, 0]);
  return at(1) < at(-1) ? 1 : -1;
}

function outline(ctx, points) {
  ctx.beginPath();
  points.forEach((point, n) => (n === 0 ? ctx.moveTo(...point) : ctx.lineTo(...point)));
  ctx.closePath();
}
