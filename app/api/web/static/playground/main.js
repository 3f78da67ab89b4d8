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
import { announce, element, refuse, showFormat, showRead, showValue, understood } from "./page.js";
import { makePicture } from "./pictures/picture.js";
import { readJson } from "./point/tables.js";
import { makeTour } from "./tour/tour.js";
import { fromHash, isData, ofExample, toHash } from "./state.js";
import { makeExplain } from "./answers/explain.js";
import { makeSecond } from "./answers/second.js";
import { makeTaking } from "./answers/taking.js";
import { makeWords } from "./function/words.js";

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
const PARTS = { second: makeSecond(element("second-body")), explain: makeExplain(element("explain-body")) };

const isHeld = (arg) => state.hold.includes(arg) || isData(state.at[arg]);
const free = () => args.filter((arg) => !isHeld(arg));
const tour = makeTour(
  {
    text: element("tour-text"),
    list: element("tour-list"),
    back: element("tour-back"),
    next: element("tour-next"),
    end: element("tour-end"),
  },
  (stop) => load(ofExample(stop)),
);

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
    understood(editor);
    adopt(described.args);
    showRead(described.expression, state.format);
    refresh();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    fail(error);
  }
});

function fail(problem) {
  refuse(problem, editor, args.length > 0);
  controls.slopes([]);
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

/** What the controls of an argument depend on: its shape, or the data that stand for it. */
const form = (value) => (isData(value) ? value.data : shape(value).join());

/** A number of the point changed; an array of another shape gets other controls. */
function setArgument(arg, value) {
  if (!args.includes(arg)) return; // of an earlier function
  if (JSON.stringify(value) === JSON.stringify(state.at[arg])) return;
  const reformed = form(value) !== form(state.at[arg]);
  state.at = { ...state.at, [arg]: value };
  const outside = all().some(
    ({ arg: name, index, label }) =>
      state.in[label] && widened(state.in[label], read(state.at[name], index)) !== state.in[label],
  );
  if (reformed || outside) reshape();
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
  if (args.length === 0) return;
  const at = state.at;
  const by = argnums();
  const asked = { ...written(), ...single(args, at), ...(by.length ? { argnums: by } : {}) };
  const began = performance.now();
  try {
    const found = await post(by.length ? "/v1/grad" : "/v1/evaluate", asked);
    const milliseconds = performance.now() - began;
    if (asked.expression !== state.expression || args.length === 0 || by.join() !== argnums().join()) return;
    understood(editor);
    showReading(
      { at, value: number(found.value), gradient: number(found.gradient ?? []).flat(Infinity) },
      found.timing,
      milliseconds,
    );
  } catch (problem) {
    if (asked.expression !== state.expression || args.length === 0) return;
    fail(problem);
  }
});

/** Show a point, its value and its gradient, wherever the page has them. */
function showReading(reading, timing, milliseconds) {
  showValue(reading.value, timing, milliseconds);
  controls.slopes(reading.gradient);
  picture.follow(reading);
  announce(
    reading,
    all().map(({ label }) => label),
  );
  latest = reading;
  Object.keys(PARTS).forEach(showPart);
}

/** Fill a part of the page that is asked for only while it is open. */
function showPart(name) {
  if (element(name).open && latest && args.length) PARTS[name](model(), latest);
}

function opened({ target }) {
  state.show = Object.keys(PARTS).filter((name) => element(name).open);
  remember();
  showPart(target.id);
}

/** The formulae, which take longest and are asked for last. */
const derive = settled(
  150,
  newest(async (signal) => {
    if (args.length === 0) return;
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
  args = []; // until they are known, nothing is asked about this function
  tour.left(state.expression);
  editor.text = state.expression;
  showFormat(state.format);
  latest = null;
  element("path").value = state.path;
  element("view").value = state.view;
  for (const name of Object.keys(PARTS)) element(name).open = state.show.includes(name);
  element("example").value = EXAMPLES.find(({ expression }) => expression === state.expression)?.name ?? "";
  changeFunction();
}

/** Read the text in another notation, and write it in that if we know how. */
function changeFormat(format) {
  if (formulae?.of === state.expression) editor.text = formulae[format];
  Object.assign(state, { format, expression: editor.text });
  showFormat(state.format);
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

/** Write a word of the language where the caret is, or in the place of what is selected. */
function insert(text) {
  const area = element("function");
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

const typed = settled(220, () => {
  tour.left(state.expression);
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
makeWords({ field: element("find"), list: element("words"), said: element("found-words") }, insert);
listen();
redraw.width = innerWidth;
load(state);
