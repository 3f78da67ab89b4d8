// The playground: the text, the point and the link are one state, and everything else is asked of the service.

import { following, newest, number, post, settled, useKey } from "../api.js";
import { copy } from "../clipboard.js";
import { makeCompletion } from "./function/completion.js";
import { makeControls } from "./point/controls.js";
import { coordinates, guess, read, replaced, shape, single } from "./point/coordinates.js";
import { makeEditor } from "./function/editor.js";
import { EXAMPLES } from "./examples.js";
import { showFormulae, showNote } from "./answers/formulae.js";
import { makePicture } from "./pictures/picture.js";
import { fromHash, ofExample, toHash } from "./state.js";
import { makeTaking } from "./answers/taking.js";
import { makeWords } from "./function/words.js";

const WIDEST = 3;
const HELP = {
  text: "An expression, a lambda or a def, in the names of Python, NumPy, JAX and SymPy.",
  latex: "A formula as in a paper: \\frac, \\sqrt, powers, indices, \\sum, \\sin x, cases, Greek letters.",
};
const element = (id) => document.getElementById(id);

let state = fromHash(location.hash);
let args = [];
let formulae = null; // the newest, with the expression they are of

const editor = makeEditor(element("function"), element("marks"), element("problem"));
const controls = makeControls(element("arguments"), setArgument);
const picture = makePicture(
  element("picture"),
  element("caption"),
  (problem) => (element("caption").textContent = problem.message),
);
const take = makeTaking({
  requests: element("languages"),
  files: element("files"),
  snippet: element("snippet"),
  said: element("copied"),
});

const all = () => coordinates(args, state.at);
const everyArgument = () => args.map((_, n) => n);

/** The fields of a request that are the function. */
const written = () =>
  state.format === "text" ? { expression: state.expression } : { expression: state.expression, format: state.format };

/** The function changed: learn its arguments, then everything about it. */
const changeFunction = newest(async (signal) => {
  try {
    const described = await post("/v1/functions", written(), signal);
    understood();
    adopt(described.args);
    showRead(described.expression);
    refresh();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    refuse(error);
  }
});

/** Show what is wrong; where a key is asked for, ask for it. What is drawn is of an earlier text, and looks it. */
function refuse(problem) {
  editor.show(problem);
  element("read").hidden = true;
  showNothing();
  element("page").classList.add("refused");
  element("page").classList.toggle("empty", args.length === 0);
  element("key-form").hidden = ![401, 403].includes(problem.status) && element("key-form").hidden;
}

/** Show the text that a formula in LaTeX was read as, if it has one. */
function showRead(text) {
  element("read").hidden = state.format === "text" || /LaTeX$/.test(text);
  element("read").lastElementChild.textContent = text;
}

function understood() {
  editor.clear();
  element("page").classList.remove("refused", "empty");
}

/** Keep what is known of the arguments that still exist, and guess the rest. */
function adopt(found) {
  args = found;
  state.at = Object.fromEntries(args.map((arg) => [arg, known(state.at, arg) ?? guess(state.expression, arg)]));
  rebuild();
}

/** What is known of a name; x_1 of LaTeX is x1 of a text. */
function known(record, name) {
  const bare = (each) => each.replaceAll("_", "");
  return record[name] ?? record[Object.keys(record).find((each) => bare(each) === bare(name))];
}

function rebuild() {
  state.in = Object.fromEntries(
    all().map(({ arg, index, label }) => [label, widened(known(state.in, label), read(state.at[arg], index))]),
  );
  controls.build(args, state.at, state.in);
}

/** A range that a number is in; without one, a range that shows the number well inside. */
function widened(range, x = 0) {
  if (range === undefined) {
    const reach = Math.max(WIDEST, Number((Math.abs(x) * 1.5).toPrecision(2)));
    return [-reach, reach];
  }
  if (x >= range[0] && x <= range[1]) return range;
  const far = Math.abs(x) * 1.5;
  return [Math.min(range[0], -far), Math.max(range[1], far)];
}

function refresh() {
  remember();
  readGradient();
  drawPicture();
  derive();
  showSnippet();
}

function drawPicture() {
  element("path-choice").hidden = all().length !== 2;
  return picture.draw({
    args,
    at: state.at,
    request: written(),
    coordinates: all(),
    ranges: all().map(({ label }) => state.in[label]),
    argnums: everyArgument(),
    path: () => state.path,
    moved: (changes) =>
      changes.forEach(([{ arg, index }, x]) =>
        setArgument(arg, replaced(state.at[arg], index, Number(x.toPrecision(5)))),
      ),
  });
}

/** A number of the point changed; a list of another length makes other sliders. */
function setArgument(arg, value) {
  if (JSON.stringify(value) === JSON.stringify(state.at[arg])) return;
  const labels = all()
    .map(({ label }) => label)
    .join();
  state.at = { ...state.at, [arg]: value };
  const outside = all().some(
    ({ arg: name, index, label }) =>
      state.in[label] && widened(state.in[label], read(state.at[name], index)) !== state.in[label],
  );
  if (
    labels !==
      all()
        .map(({ label }) => label)
        .join() ||
    outside
  )
    reshape(arg);
  controls.follow(state.at);
  readGradient();
  remember();
  showSnippet();
}

function reshape(arg) {
  const focused = document.activeElement?.id === `at-${arg}`;
  const written = focused ? document.activeElement.value : "";
  rebuild();
  if (focused) Object.assign(element(`at-${arg}`), { value: written }).focus();
  drawPicture();
  derive();
}

/** Value and gradient at the point, as fast as they come. */
const readGradient = following(async () => {
  const at = state.at;
  const asked = { ...written(), ...single(args, at), argnums: everyArgument() };
  const began = performance.now();
  try {
    const found = await post("/v1/grad", asked);
    const milliseconds = performance.now() - began;
    if (asked.expression !== state.expression) return;
    understood();
    showReading(
      { at, value: number(found.value), gradient: number(found.gradient).flat(Infinity) },
      found.timing,
      milliseconds,
    );
  } catch (problem) {
    if (asked.expression !== state.expression) return;
    refuse(problem);
  }
});

/** There is no value here: nothing on the page may look as if it were. */
function showNothing() {
  element("value").textContent = "…";
  element("speed").textContent = "";
  controls.slopes([]);
}

function showReading(reading, { steps, tier }, milliseconds) {
  element("value").textContent = brief(reading.value);
  controls.slopes(reading.gradient);
  const inside = Object.values(steps).reduce((sum, step) => sum + step, 0);
  element("speed").replaceChildren(
    Object.assign(document.createElement("strong"), { textContent: tier }),
    ` in ${Math.round(inside)} µs · ${milliseconds.toFixed(1)} ms with the network`,
  );
  picture.follow(reading);
  announce(reading);
}

const announce = settled(900, ({ value, gradient }) => {
  const slopes = all()
    .slice(0, 6)
    .map(({ label }, n) => `by ${label} ${brief(gradient[n])}`);
  element("announcement").textContent = `Value ${brief(value)}; gradient ${slopes.join(", ")}`;
});

/** The formulae, which take longest and are asked for last. */
const derive = settled(
  150,
  newest(async (signal) => {
    const host = element("formulae");
    if (host.childElementCount === 0) showNote(host, "Deriving…");
    try {
      const asked = {
        ...written(),
        args,
        argnums: everyArgument(),
        shapes: args.map((arg) => shape(state.at[arg])),
      };
      const found = await post("/v1/symbolic", asked, signal);
      formulae = { of: asked.expression, ...found.function };
      showFormulae(host, found);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      showNote(host, `No formulae: ${error.message}.`);
    }
  }),
);

const remember = settled(250, () => history.replaceState(null, "", toHash(state)));

function showSnippet() {
  const body = { ...written(), ...single(args, state.at), argnums: everyArgument() };
  take(
    body,
    args.map((arg) => shape(state.at[arg])),
  );
}

function load(next) {
  state = next;
  editor.text = state.expression;
  showFormat();
  element("path").value = state.path;
  element("example").value = EXAMPLES.find(({ expression }) => expression === state.expression)?.name ?? "";
  changeFunction();
}

function showFormat() {
  element("format").value = state.format;
  element("function-help").textContent = HELP[state.format];
  element("read").hidden = true;
}

/** Read the text in another notation, and write it in that if we know how. */
function changeFormat(format) {
  if (formulae?.of === state.expression) editor.text = formulae[format];
  Object.assign(state, { format, expression: editor.text });
  showFormat();
  typed();
}

/** Scale every range about the point. */
function zoom(factor) {
  for (const { arg, index, label } of all()) {
    const x = read(state.at[arg], index);
    state.in[label] = state.in[label].map((end) => Number((x + (end - x) * factor).toPrecision(5)));
  }
  rebuild();
  readGradient();
  drawPicture();
  remember();
}

function choices() {
  element("example").append(new Option("your own", ""), ...EXAMPLES.map(({ name }) => new Option(name)));
}

async function share() {
  history.replaceState(null, "", toHash(state));
  await copy(location.href);
  element("copied").textContent = "Copied the link to what you see.";
}

const typed = settled(220, () => {
  element("example").value = EXAMPLES.find(({ expression }) => expression === state.expression)?.name ?? "";
  changeFunction();
});

function listen() {
  element("function").addEventListener("input", () => {
    state.expression = editor.text;
    typed();
  });
  element("example").addEventListener("change", ({ target }) => {
    const picked = EXAMPLES.find(({ name }) => name === target.value);
    if (picked) load(ofExample(picked));
  });
  element("format").addEventListener("change", ({ target }) => changeFormat(target.value));
  element("path").addEventListener("change", ({ target }) => {
    state.path = target.value;
    remember();
    readGradient();
  });
  element("closer").addEventListener("click", () => zoom(0.5));
  element("farther").addEventListener("click", () => zoom(2));
  element("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(element("key").value);
    changeFunction();
  });
  element("share").addEventListener("click", share);
  addEventListener("hashchange", () => load(fromHash(location.hash)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener(
    "resize",
    settled(200, () => innerWidth !== redraw.width && redraw()),
  );
}

function redraw() {
  redraw.width = innerWidth;
  if (args.length) drawPicture().then(readGradient);
}

choices();
makeCompletion(element("function"), element("completions"), () => state.format === "text");
makeWords(element("language"), element("words"));
listen();
redraw.width = innerWidth;
load(state);
