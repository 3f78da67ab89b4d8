// The page that fits a model to data: what is typed becomes requests, and answers become tables and charts.

import { following, newest, settled, useKey } from "../api.js";
import { copy } from "../clipboard.js";
import { brief } from "../numbers.js";
import { drawCurve, drawPath, drawResiduals } from "./charts.js";
import { EXAMPLES } from "./examples.js";
import { evaluate, fit, readModel, request } from "./requests.js";
import { fromHash, toHash } from "./state.js";
import { readTable } from "./table.js";

const STEPS = 300;
const element = (id) => document.getElementById(id);
const make = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const page = { table: readTable(""), model: "", parameters: [], used: [], starts: {}, bounds: {}, sums: [], charts() {} };
let running = null;

/** Read the table anew, and the model after it. */
function dataChanged() {
  page.table = readTable(element("data").value);
  element("data-problem").textContent = page.table.problem;
  const { names, count, skipped } = page.table;
  const before = element("observed").value;
  element("observed").replaceChildren(...names.map((name) => make("option", { value: name, textContent: name })));
  element("observed").value = names.includes(before) ? before : (names.at(-1) ?? "");
  const rows = `${count} rows of ${names.length} columns`;
  element("data-help").textContent = skipped ? `${rows}; ${skipped} rows with empty cells are left out.` : `${rows}.`;
  return modelChanged();
}

/** Ask which parameters the model has, and show the data. */
const modelChanged = newest(async (signal) => {
  const model = element("model").value.trim();
  if (!model || page.table.problem) return;
  try {
    Object.assign(page, await readModel(model, element("format").value, page.table.names, signal));
    complain("");
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    complain(problem);
    return;
  }
  showStarts();
  const shown = { ...data(), labels: labels() };
  draw(() => drawCurve(element("curve"), shown));
});

/** Draw, now and again when the window has another size. */
function draw(charts) {
  page.charts = charts;
  charts();
}

/** Rows as points: across the first column that the model uses, upwards the observed one. */
function data() {
  const { columns } = page.table;
  return { x: columns[across()], y: columns[element("observed").value] };
}

const across = () => page.used[0] ?? page.table.names[0];
const labels = () => [across(), element("observed").value];

function complain(problem) {
  const { hint } = problem;
  element("problem").textContent = problem ? problem.message + (hint ? ` (${hint})` : "") : "";
  element("key-form").hidden = ![401, 403].includes(problem.status);
}

function showStarts() {
  const input = (name, what, value, set) => {
    const made = make("input", { type: "number", step: "any", value: value ?? "", ariaLabel: `${what} of ${name}` });
    made.addEventListener("change", () => set(made.value === "" ? null : Number(made.value)));
    return make("td", {}, made);
  };
  const row = (name) => {
    const bound = (end) => (value) => {
      const pair = [...(page.bounds[name] ?? [null, null])];
      pair[end] = value;
      if (pair[0] === null && pair[1] === null) delete page.bounds[name];
      else page.bounds[name] = pair;
    };
    return make(
      "tr",
      {},
      make("th", { scope: "row", textContent: name }),
      input(name, "start", page.starts[name] ?? 1, (value) => (page.starts[name] = value ?? 1)),
      input(name, "least", page.bounds[name]?.[0], bound(0)),
      input(name, "most", page.bounds[name]?.[1], bound(1)),
    );
  };
  element("starts").tBodies[0].replaceChildren(...page.parameters.map(row));
}

async function run() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  page.sums = [];
  element("stop").disabled = false;
  element("progress").textContent = "…";
  try {
    const answer = await fit(request(asked()), signal, (step) => {
      page.sums.push(2 * step.value);
      element("progress").textContent = `iteration ${step.iteration}, sum of squares ${brief(2 * step.value)}`;
      if (step.x) follow(step.x);
    });
    complain("");
    showFound(answer);
    await follow(answer.x);
  } catch (problem) {
    if (problem.name === "AbortError") element("progress").textContent = "stopped";
    else complain(problem);
  } finally {
    element("stop").disabled = true;
  }
}

function asked() {
  const { parameters, used, starts } = page;
  const bounds = Object.fromEntries(Object.entries(page.bounds).filter(([name]) => parameters.includes(name)));
  return {
    model: page.model,
    parameters,
    used,
    columns: page.table.columns,
    observed: element("observed").value,
    starts: Object.fromEntries(parameters.map((name) => [name, starts[name] ?? 1])),
    bounds: Object.keys(bounds).length ? bounds : null,
  };
}

/** Draw the curve of some values of the parameters; only the newest of what comes meanwhile. */
const follow = following(async (values) => {
  const { columns } = page.table;
  const { model } = page;
  const { x, y } = data();
  const own = Object.fromEntries(page.used.map((name) => [name, columns[name]]));
  const modelled = page.used.length ? await evaluate(model, page.parameters, values, own) : y.map(() => NaN);
  let curve = null;
  if (page.used.length === 1) {
    const [low, high] = [Math.min(...x), Math.max(...x)];
    const steps = Array.from({ length: STEPS + 1 }, (_, n) => low + ((high - low) * n) / STEPS);
    curve = { x: steps, y: await evaluate(model, page.parameters, values, { [page.used[0]]: steps }) };
  }
  const residuals = y.map((each, n) => each - modelled[n]);
  const [names, sums] = [labels(), [...page.sums]];
  draw(() => {
    drawCurve(element("curve"), { x, y, curve, labels: names });
    drawResiduals(element("residuals"), { x, residuals, label: names[0] });
    drawPath(element("path"), sums);
  });
  const root = Math.sqrt(residuals.reduce((sum, each) => sum + each ** 2, 0) / residuals.length);
  const shown = curve ? "The data and the model" : "The data; the model has several columns and is not drawn";
  element("caption").textContent = `${shown}. Root mean square of the residuals: ${brief(root)}.`;
});

function showFound(answer) {
  const row = (name, n) => {
    const value = answer.x[n];
    const error = answer.standard_errors?.[n];
    const known = typeof error === "number";
    const relative = known && value ? `${Number(((100 * error) / Math.abs(value)).toPrecision(2))} %` : "";
    const cells = [brief(value), known ? Number(error.toPrecision(4)) : "", relative];
    return make(
      "tr",
      {},
      make("th", { scope: "row", textContent: name }),
      ...cells.map((textContent) => make("td", { textContent })),
    );
  };
  element("found").tBodies[0].replaceChildren(...page.parameters.map(row));
  const freedom = page.table.count - answer.x.length;
  const facts = {
    "sum of squares": brief(2 * answer.value),
    "residual standard deviation": freedom > 0 ? brief(Math.sqrt((2 * answer.value) / freedom)) : "",
    "R squared": brief(1 - (2 * answer.value) / spread(data().y)),
    "no standard errors": answer.reason ?? "",
    evaluations: `${answer.evaluations}, ${answer.iterations} iterations by ${answer.method}`,
  };
  const listed = Object.entries(facts).filter(([, fact]) => fact !== "");
  element("facts").replaceChildren(
    ...listed.flatMap(([name, textContent]) => [make("dt", { textContent: name }), make("dd", { textContent })]),
  );
  element("progress").textContent = answer.message;
}

function spread(values) {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
}

async function show({ data: text, observed, model, format = "text", starts = {}, bounds = {} }) {
  element("data").value = text;
  element("format").value = format;
  element("model").value = model;
  Object.assign(page, { starts: { ...starts }, bounds: { ...bounds } });
  await dataChanged();
  element("observed").value = observed;
  await modelChanged();
  if (!element("problem").textContent) await run();
}

async function share() {
  const { observed, starts, bounds } = asked();
  const [text, model, format] = ["data", "model", "format"].map((name) => element(name).value);
  const hash = toHash({ data: text, model, format, observed, starts, bounds: bounds ?? {} });
  if (hash === null) {
    element("copied").textContent = "These data are too many for a link.";
    return;
  }
  history.replaceState(null, "", hash);
  await copy(location.href);
  element("copied").textContent = "Copied.";
}

async function take(file) {
  if (!file) return;
  element("data").value = await file.text();
  await dataChanged();
}

element("example").append(...EXAMPLES.map(({ name }, n) => make("option", { value: n, textContent: name })));
element("example").addEventListener("change", ({ target }) => show(EXAMPLES[target.value]));
element("data").addEventListener("input", settled(200, dataChanged));
element("model").addEventListener("input", settled(200, modelChanged));
for (const name of ["observed", "format"]) element(name).addEventListener("change", () => modelChanged());
element("file").addEventListener("change", ({ target }) => take(target.files[0]));
for (const name of ["dragover", "dragleave", "drop"]) {
  element("data").addEventListener(name, (event) => {
    event.preventDefault();
    element("data").classList.toggle("over", name === "dragover");
    if (name === "drop") take(event.dataTransfer.files[0]);
  });
}
addEventListener("resize", settled(100, () => page.charts()));
element("run").addEventListener("click", run);
element("stop").addEventListener("click", () => running?.abort());
element("share").addEventListener("click", share);
element("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(element("key").value);
  modelChanged();
});
show(fromHash(location.hash) ?? EXAMPLES[0]);
