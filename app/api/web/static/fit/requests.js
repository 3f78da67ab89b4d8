// What the page asks the service: the parameters of a model, a fit as it goes on, the model at many rows.

import { number, post, Problem, send } from "../api.js";

/** A model as text of the language, the names in it that are no columns, and those that are. */
export async function readModel(model, format, names, signal) {
  const text = format === "text" ? model : await asText(model, format, signal);
  const { args } = await post("/v1/functions", { expression: text }, signal);
  const [parameters, used] = [false, true].map((column) => args.filter((arg) => names.includes(arg) === column));
  return { model: text, parameters, used };
}

async function asText(model, format, signal) {
  const read = await post("/v1/symbolic", { expression: model, format, simplify: false }, signal);
  return read.function.text;
}

const free = (wanted, taken) => (taken.includes(wanted) ? free(`${wanted}_`, taken) : wanted);

/** The request for a fit; starts and bounds are by parameter. */
export function request({ model, parameters, used, columns, observed, starts, bounds }) {
  const measured = free("observed", [...parameters, ...used]);
  const args = [...parameters, ...used, measured];
  const point = [...parameters.map((name) => starts[name]), ...used.map((name) => columns[name]), columns[observed]];
  return { expression: `(${model}) - ${measured}`, args, point, argnums: parameters, bounds };
}

/** Fit; told(iteration) hears of each step as the service takes it. Returns the answer. */
export async function fit(asked, signal, told) {
  const response = await send("/v1/least_squares", asked, signal, "text/event-stream");
  if (!response.ok) throw new Problem(await response.json());
  for await (const { name, data } of events(response.body)) {
    if (name === "iteration") told(data);
    if (name === "answer") return data;
    if (name === "error") throw new Problem(data);
  }
  throw new Problem({ detail: "the connection ended before the answer was there", code: "unreachable", status: 0 });
}

/** The events of a stream (WHATWG HTML, section 9.2.6), each with JSON in one line of data. */
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n\n");
    text = whole.pop();
    for (const each of whole) {
      const fields = Object.fromEntries(each.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.data) yield { name: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

/** The model at rows: values of the parameters in order, and columns by name. */
export async function evaluate(model, parameters, values, columns, signal) {
  const used = Object.keys(columns);
  const asked = {
    expression: model,
    args: [...parameters, ...used],
    point: [...values, ...used.map((name) => columns[name])],
    in_axes: [...parameters.map(() => null), ...used.map(() => 0)],
  };
  const { value } = await post("/v1/evaluate", asked, signal);
  return number(value);
}
