// The playground: the text, the point and the link are one state, and everything else is asked of the service.

import { following, newest, number, post, settled, useKey } from "../api.js";
import { copy } from "../clipboard.js";
import { makeCompletion } from "./function/completion.js";
import { makeControls } from "./point/controls.js";
import { coordinates, guess, read, replaced, shape, single } from "./point/coordinates.js";
import { makeKeeping } from "./point/keeping.js";
import { learn } from "./point/kept.js";
import { known, scaled, widened } from "./point/ranges.js";
import { makeEditor } from "./function/editor.js";
import { EXAMPLES } from "./examples.js";
import { showFormulae, showNote } from "./answers/formulae.js";
import { makePicture } from "./pictures/picture.js";
import { brief } from "../numbers.js";
import { readJson } from "./point/tables.js";
import { fromHash, isData, ofExample, toHash } from "./state.js";
import { makeSecond } from "./answers/second.js";
import { makeTaking } from "./answers/taking.js";
import { makeWords } from "./function/words.js";

const HELP = {
  text: "An expression, a lambda or a def, in the names of Python, NumPy, JAX and SymPy.",
  latex: "A formula as in a paper: \\frac, \\sqrt, powers, indices, \\sum, \\sin x, cases, Greek letters.",
};
const element = (id) => document.getElementById(id);

let state = fromHash(location.hash);
let args = [];
let latest = null; // the newest reading: the point, its value and its gradient
let formulae = null; // the newest, with the expression they are of

const editor = makeEditor(element("function"), element("marks"), element("problem"));
const controls = makeControls(element("arguments"), setArgument, hold, (arg, value) => keeping.keep(arg, value));
const keeping = makeKeeping(element("kept-body"), setArgument);
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

/** Parts of the page that are filled when they are opened, by id. */
const PARTS = { second: makeSecond(element("second-body")) };

const isHeld = (arg) => state.hold.includes(arg) || isData(state.at[arg]);
const free = () => args.filter((arg) => !isHeld(arg));
const all = () => coordinates(free(), state.at);
const argnums = () => free().map((arg) => args.indexOf(arg));

/** The fields of a request that are the function. */
const written = () =>
  state.format === "text" ? { expression: state.expression } : { expression: state.expression, format: state.format };

/** The function changed: learn its arguments, then everything about it. */
const changeFunction = newest(async (signal) => {
  try {
    const described = await post("/v1/functions", written(), signal);
    await learn(Object.values(state.at).filter(isData).map(({ data }) => data));
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

function rebuild() {
  state.in = Object.fromEntries(
    all().map(({ arg, index, label }) => [label, widened(known(state.in, label), read(state.at[arg], index))]),
  );
  controls.build(args, state.at, state.in, isHeld);
  keeping.show(args, state.at);
}

function refresh() {
  remember();
  readGradient();
  drawPicture();
  derive();
  showSnippet();
}

/** What is asked about, without what it is asked for. */
const model = () => ({
  args,
  at: state.at,
  request: written(),
  coordinates: all(),
  ranges: all().map(({ label }) => state.in[label]),
  argnums: argnums(),
});

function drawPicture() {
  const [isPlane, isSurface] = [all().length === 2, state.view === "surface"];
  element("view-choice").hidden = !isPlane;
  element("path-choice").hidden = !isPlane || isSurface;
  element("turns").hidden = !isPlane || !isSurface;
  return picture.draw({
    ...model(),
    view: state.view,
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
    reshape();
  controls.follow(state.at);
  readGradient();
  remember();
  showSnippet();
}

/** Make the controls anew; whoever is typing in one of them goes on. */
function reshape() {
  const { id, value, selectionStart } = document.activeElement ?? {};
  rebuild();
  const again = id ? element(id) : null;
  again?.focus();
  if (again && typeof value === "string" && same(value, again.value)) {
    again.value = value;
    again.setSelectionRange?.(selectionStart, selectionStart);
  }
  drawPicture();
  derive();
}

/** Whether two texts say the same numbers. */
function same(one, other) {
  const [first, second] = [one, other].map(readJson);
  return first !== null && JSON.stringify(first) === JSON.stringify(second);
}

/** Differentiate by an argument, or hold it. */
function hold(arg, isToBeHeld) {
  state.hold = [...state.hold.filter((each) => each !== arg), ...(isToBeHeld ? [arg] : [])];
  reshape();
  readGradient();
  remember();
  showSnippet();
}

/** Value and gradient at the point, as fast as they come. */
const readGradient = following(async () => {
  const at = state.at;
  const by = argnums();
  const asked = { ...written(), ...single(args, at), ...(by.length ? { argnums: by } : {}) };
  const began = performance.now();
  try {
    const found = await post(by.length ? "/v1/grad" : "/v1/evaluate", asked);
    const milliseconds = performance.now() - began;
    if (asked.expression !== state.expression || by.join() !== argnums().join()) return;
    understood();
    showReading(
      { at, value: number(found.value), gradient: number(found.gradient ?? []).flat(Infinity) },
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
  latest = reading;
  Object.keys(PARTS).forEach(showPart);
}

/** Fill a part of the page that is asked for only while it is open. */
function showPart(name) {
  if (element(name).open && latest) PARTS[name](model(), latest);
}

function opened({ target }) {
  state.show = Object.keys(PARTS).filter((name) => element(name).open);
  remember();
  showPart(target.id);
}

const announce = settled(900, ({ value, gradient }) => {
  const slopes = all()
    .slice(0, Math.min(6, gradient.length))
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
        argnums: argnums(),
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
  const body = { ...written(), ...single(args, state.at), argnums: argnums() };
  take(
    body,
    args.map((arg) => shape(state.at[arg])),
  );
}

function load(next) {
  state = next;
  editor.text = state.expression;
  showFormat();
  latest = null;
  element("path").value = state.path;
  element("view").value = state.view;
  for (const name of Object.keys(PARTS)) element(name).open = state.show.includes(name);
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
    state.in[label] = scaled(state.in[label], x, factor);
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
  element("view").addEventListener("change", ({ target }) => {
    state.view = target.value;
    remember();
    redraw();
  });
  for (const name of Object.keys(PARTS)) element(name).addEventListener("toggle", opened);
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
