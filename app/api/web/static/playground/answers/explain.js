// How the gradient on the page was computed: what answered, what it cost, and the tape as a table.

import { newest, post, settled } from "../../api.js";
import { brief } from "../../numbers.js";
import { head, make, scrolled } from "../matrix.js";

const TIERS = {
  interpreted: "The interpreter answered: a program that was compiled before this function was known.",
  compiled: "Compiled code of this function's own answered.",
};
const NUMPY = "NumPy answered, one operation after the other.";
const STATES = {
  compiled: () => "The function is compiled, and kept for all functions of this structure.",
  compiling: () => "A worker process compiles it now.",
  never: () => "It stays with the first tier: compiling would not pay.",
  waiting: ({ spent_seconds: spent, needed_seconds: needed, expected_seconds: expected }) =>
    `It is compiled when interpretation has cost ${time(needed)}; so far it has cost ${time(spent)}. Compiling is expected to take ${time(expected)}.`,
};

/** Fill an element with the explanation of a model of the point. */
export function makeExplain(host) {
  return settled(
    150,
    newest(async (signal, model) => {
      try {
        const by = model.argnums.length ? { argnums: model.argnums } : {};
        const asked = { ...model.request, point: model.args.map((arg) => model.at[arg]), ...by };
        show(host, await post("/v1/explain", asked, signal));
      } catch (error) {
        if (error.name === "AbortError") throw error;
        const hint = error.hint ? ` ${error.hint}.` : "";
        host.replaceChildren(make("p", { className: "quiet", textContent: `No explanation: ${error.message}.${hint}` }));
      }
    }),
  );
}

function show(host, found) {
  const { tier, kind, seconds, cost, compilation, operations, rows, result } = found;
  const answered = kind === "arrays" && tier === "interpreted" ? NUMPY : TIERS[tier];
  const facts = {
    tier: `${answered} ${STATES[compilation.state](compilation)}`,
    time: `${time(seconds.parse)} to read and prepare, ${time(seconds.execute)} to compute value and gradient.`,
    cost: `${cost.operations} operations for a value, ${brief(Number(cost.flops.toPrecision(3)))} weighted floating-point operations, ${bytes(cost.bytes)} of intermediate results.`,
  };
  const list = make("dl", { className: "facts" });
  for (const [name, fact] of Object.entries(facts)) list.append(make("dt", { textContent: name }), make("dd", { textContent: fact }));
  const listed = rows.filter(({ operands }) => operands.length).length;
  const about = `The tape has ${operations} operations on ${kind}. ${listed < operations ? `The first ${listed} are listed. ` : ""}#${result} is the value; the gradient is computed from the last row to the first.`;
  host.replaceChildren(list, make("p", { className: "quiet", textContent: about }), scrolled("The tape", tape(rows, result)));
}

/** The rows; numbers that the text has stand where they are used. */
function tape(rows, result) {
  const numbers = new Map(rows.filter(isNumber).map(({ slot, value }) => [slot, written(value)]));
  const heads = ["slot", "operation", "of", "shape", "value here"].map((name) => head(name, "col"));
  const listed = rows.filter((row) => !isNumber(row) || row.slot === result);
  const body = listed.map(({ slot, operation, operands, detail, shape, value }) =>
    make(
      "tr",
      { className: slot === result ? "result" : "" },
      head(`#${slot}`, "row"),
      make("td", { textContent: detail === undefined ? operation : `${operation} ${detail}` }),
      make("td", { textContent: operands.map((each) => numbers.get(each) ?? `#${each}`).join(", ") }),
      make("td", { textContent: shape === undefined ? "several" : shape.length ? shape.join(" × ") : "number" }),
      make("td", { textContent: value === undefined ? "…" : written(value) }),
    ),
  );
  const caption = make("caption", { className: "hidden", textContent: "The tape, row by row" });
  return make("table", { className: "tape" }, caption, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body));
}

const isNumber = ({ operation, value }) => ["constant", "static"].includes(operation) && typeof value === "number";

const written = (value) => (Array.isArray(value) ? `[${value.map(written).join(", ")}]` : brief(Number(value)));

function time(seconds) {
  if (seconds < 1e-3) return `${brief(Number((seconds * 1e6).toPrecision(3)))} µs`;
  if (seconds < 1) return `${brief(Number((seconds * 1e3).toPrecision(3)))} ms`;
  return `${brief(Number(seconds.toPrecision(3)))} s`;
}

const bytes = (count) => (count < 1e4 ? `${count} bytes` : count < 1e6 ? `${Math.round(count / 1e3)} kB` : `${Math.round(count / 1e6)} MB`);
