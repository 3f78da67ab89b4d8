// The path of steepest descent or ascent: along the gradient to the best of many step lengths, again and again.
//
// Each step is one request for value and gradient at all its candidates, so the next step knows its direction already
// (Cauchy 1847, with the line search as a batch). Every other step stops short of the best, which keeps the path from
// crossing a narrow valley to and fro (relaxed steepest descent; Raydan and Svaiter 2002).

import { number, post } from "../../api.js";
import { batch } from "../point/coordinates.js";

const STEPS = 120;
const CANDIDATES = 32;
const LONGEST = 0.05;
const SHORTEST = 1e-5;

/** Follow the gradient from a point of two coordinates; drawn(path) is told of every step. */
export async function descend({ model, start, value, gradient, uphill }, signal, drawn) {
  const sign = uphill ? 1 : -1;
  const size = Math.hypot(...model.ranges.map(([low, high]) => high - low));
  let [here, best, slope] = [start, value, gradient];
  const path = [here];
  for (let step = 0; step < STEPS && within(here, model.ranges); step += 1) {
    const length = Math.hypot(...slope);
    if (!(length > 0) || !Number.isFinite(length)) break;
    const candidates = lengths(size).map((far) => here.map((x, n) => x + (sign * far * slope[n]) / length));
    const found = await tried(model, candidates, signal);
    const chosen = better(found.values, best, sign, step % 2);
    if (chosen < 0) break;
    [here, best, slope] = [candidates[chosen], found.values[chosen], found.gradients[chosen]];
    path.push(here);
    drawn(path, best);
  }
  return { path, value: best };
}

const lengths = (size) =>
  Array.from({ length: CANDIDATES }, (_, n) => size * LONGEST * SHORTEST ** (n / (CANDIDATES - 1)));

const within = (point, ranges) => point.every((x, n) => x >= ranges[n][0] && x <= ranges[n][1]);

async function tried(model, candidates, signal) {
  const rows = candidates.map((point) => point.map((x, n) => [model.coordinates[n], x]));
  const { value, gradient } = await post(
    "/v1/grad",
    { ...model.request, ...batch(model.args, model.at, rows), argnums: model.argnums },
    signal,
  );
  return { values: number(value), gradients: perRow(number(gradient), candidates.length) };
}

/** Gradients by argument, each with a batch axis, as one list of numbers for each row. */
export const perRow = (gradients, count) =>
  Array.from({ length: count }, (_, row) => gradients.flatMap((gradient) => [gradient[row]].flat(Infinity)));

/** The candidate with the best value, or the one so many places shorter; -1 if none is better than where we are. */
function better(values, best, sign, shorter) {
  let chosen = -1;
  values.forEach((value, n) => {
    if (Number.isFinite(value) && sign * (value - (chosen < 0 ? best : values[chosen])) > 0) chosen = n;
  });
  return sign * (values[chosen + shorter] - best) > 0 ? chosen + shorter : chosen;
}
