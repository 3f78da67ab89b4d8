// Eigenvalues and eigenvectors of a symmetric matrix, asked of the service, and what they say of a point.

import { number, post } from "../../api.js";
import { brief } from "../../numbers.js";

/** In one answer: the eigenvalues, ascending, and below each its eigenvector. */
const EIGH = `def decomposition(H):
    w, V = jnp.linalg.eigh(H)
    return jnp.concatenate([w[None, :], V])`;
const ROUNDING = 2 ** -52;

/** The eigenvalues, ascending, and for each its eigenvector of length 1. */
export async function eigen(matrix, signal) {
  const { value } = await post("/v1/evaluate", { expression: EIGH, point: [matrix] }, signal);
  const [values, ...rows] = number(value);
  return { values, vectors: values.map((_, n) => rows.map((row) => row[n])) };
}

/** Below which size an eigenvalue counts as zero: the error of n-fold sums of numbers as large as the matrix. */
export const tolerance = (matrix) => 16 * matrix.length * ROUNDING * Math.hypot(...matrix.flat());

/** Below which size a gradient counts as zero: half of the digits. */
export const flat = (value) => Math.sqrt(ROUNDING) * (1 + Math.abs(value));

/** What the point is, in a sentence or two. */
export function verdict({ value, gradient, values, least }) {
  const [up, down] = [values.filter((each) => each > least).length, values.filter((each) => each < -least).length];
  const none = values.length - up - down;
  const size = Math.hypot(...gradient);
  const limit = flat(value);
  const rounding = `Eigenvalues up to ${rough(least)} in size count as zero, and a gradient up to ${rough(limit)}: that is rounding.`;
  if (!(size <= limit)) return `No stationary point: the gradient has the size ${brief(size)}. Here the function ${curves(up, down, none)}. ${rounding}`;
  if (up && down) return `A saddle: up in ${up} and down in ${down} of ${values.length} directions. ${rounding}`;
  if (none) return `Undecided: ${none} of ${values.length} eigenvalues are zero within rounding, so higher derivatives decide. ${rounding}`;
  return `A strict local ${up ? "minimum" : "maximum"}: the function ${curves(up, down, none)}. ${rounding}`;
}

const rough = (number) => number.toExponential(1).replace("-", "−");

function curves(up, down, none) {
  if (!down && !none) return "curves up in every direction";
  if (!up && !none) return "curves down in every direction";
  const parts = [up && `up in ${up}`, down && `down in ${down}`, none && `neither way in ${none}`].filter(Boolean);
  return `curves ${parts.join(", ")} of ${up + down + none} directions`;
}
