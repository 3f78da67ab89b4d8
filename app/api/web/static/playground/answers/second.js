// The Hessian at the point as a coloured table, its eigenvalues with their directions, and what the point is.

import { newest, number, post, settled } from "../../api.js";
import { brief } from "../../numbers.js";
import { make, makeMatrix, scrolled } from "../matrix.js";
import { eigen, tolerance, verdict } from "./eigen.js";

const MOST = 16; // numbers of the point

/** Show the second derivatives in an element; the result takes a model of the point, and the reading there. */
export function makeSecond(host) {
  return settled(
    120,
    newest(async (signal, model, reading) => {
      const count = model.coordinates.length;
      if (count === 0 || count > MOST) {
        host.replaceChildren(note(count ? `Shown for up to ${MOST} numbers; there are ${count}.` : "Nothing to differentiate by."));
        return;
      }
      try {
        host.replaceChildren(...(await answer(model, reading, signal)));
      } catch (error) {
        if (error.name === "AbortError") throw error;
        host.replaceChildren(note(`No Hessian: ${error.message}.${error.hint ? ` ${error.hint}.` : ""}`));
      }
    }),
  );
}

const note = (textContent) => make("p", { className: "quiet", textContent });

async function answer(model, { value, gradient }, signal) {
  const asked = { ...model.request, point: model.args.map((arg) => model.at[arg]), argnums: model.argnums };
  const { hessian } = await post("/v1/hessian", asked, signal);
  const sizes = model.argnums.map((n) => model.coordinates.filter(({ arg }) => arg === model.args[n]).length);
  const matrix = sizes.flatMap((rows, i) => joined(hessian[i].map(number), rows, sizes));
  const labels = model.coordinates.map(({ label }) => label);
  const table = makeMatrix(matrix, { name: "The Hessian", rowLabels: labels, columnLabels: labels });
  const shown = [scrolled("The Hessian", table.element)];
  if (!matrix.flat().every(Number.isFinite)) return [...shown, note("It is not finite, so it has no eigenvalues.")];
  const { values, vectors } = await eigen(matrix, signal);
  const text = make("p", { id: "verdict", textContent: verdict({ value, gradient, values, least: tolerance(matrix) }) });
  return [text, ...shown, scrolled("Eigenvalues", eigenTable(values, vectors, labels))];
}

/** The rows of one argument: its blocks beside each other, each with the axes of both arguments. */
function joined(blocks, rows, sizes) {
  const flat = blocks.map((block) => [block].flat(Infinity));
  return Array.from({ length: rows }, (_, i) => flat.flatMap((block, n) => block.slice(i * sizes[n], (i + 1) * sizes[n])));
}

function eigenTable(values, vectors, labels) {
  const heads = ["eigenvalue", ...labels.map((label) => `along ${label}`)];
  const { element } = makeMatrix(vectors, { name: "Eigenvalues and eigenvectors", rowLabels: values.map(brief), columnLabels: heads.slice(1) });
  element.querySelector("thead td").replaceWith(Object.assign(make("th", { textContent: heads[0] }), { scope: "col" }));
  element.classList.add("eigen");
  return element;
}
