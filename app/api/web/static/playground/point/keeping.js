// The part of the page that keeps data: numbers dropped, pasted or of a file go to the server, and stand in the point.

import { brief } from "../../numbers.js";
import { make } from "../matrix.js";
import { describe, keep, listed, remove } from "./kept.js";
import { readNumbers } from "./tables.js";

const LONGEST = 40;

/** Fill an element with a place to drop data and the list of what is kept; moved(arg, value) puts data into the point. */
export function makeKeeping(host, moved) {
  let args = [];
  let at = {};
  const said = make("p", { className: "quiet" });
  said.setAttribute("role", "status");
  const file = make("input", { type: "file", id: "data-file", accept: ".csv,.tsv,.txt,.json" });
  const area = make("textarea", { id: "data-text", rows: 3, placeholder: "0.5, 1, 1.5 or a table" });
  const list = make("ul", { className: "kept" });
  const zone = make(
    "div",
    { className: "zone" },
    make("label", { htmlFor: area.id, textContent: "Paste numbers, or drop a file here" }),
    area,
    make("div", { className: "row" }, button("Keep on the server", () => put("pasted", area.value)), make("label", { htmlFor: file.id, textContent: "or a file" }), file),
  );
  const help = "An array goes to the server once. Then its id stands for it, in the point and in every request.";
  host.append(make("p", { className: "quiet", textContent: help }), zone, said, list);

  async function put(name, text) {
    const { value, problem } = readNumbers(text);
    if (problem || !Array.isArray(value)) {
      said.textContent = `Not kept: ${problem ?? "it is one number"}.`;
      return;
    }
    await attempt(async () => {
      const entry = await keep(name.slice(0, LONGEST), value);
      area.value = "";
      said.textContent = `Kept ${entry.name}, ${sizes(entry)}, as ${entry.id}.`;
      showList();
    });
  }

  async function attempt(work) {
    try {
      await work();
    } catch (problem) {
      said.textContent = `The server says: ${problem.message}.${problem.hint ? ` ${problem.hint}.` : ""}`;
    }
  }

  function showList() {
    const entries = listed();
    list.replaceChildren(...entries.map(item));
    list.hidden = entries.length === 0;
  }

  function item(entry) {
    const state = make("span", { className: "quiet", textContent: `${sizes(entry)}, ${bytes(entry)}, kept ${new Date(entry.at).toLocaleString()}` });
    const uses = args.map((arg) => {
      const used = at[arg]?.data === entry.id;
      const one = button(`Use as ${arg}`, () => use(arg, entry, state));
      one.setAttribute("aria-pressed", String(used));
      one.setAttribute("aria-label", `Use ${entry.name} as ${arg}`);
      return one;
    });
    const gone = button("Remove", () => attempt(async () => (await remove(entry.id), (said.textContent = `Removed ${entry.name}.`), showList())));
    gone.setAttribute("aria-label", `Remove ${entry.name}`);
    return make("li", {}, make("strong", { textContent: entry.name }), " ", make("code", { textContent: entry.id.slice(0, 8), title: entry.id }), " ", state, make("div", { className: "row" }, ...uses, gone));
  }

  /** Put data into the point, if the server still has them: it forgets first what nobody has used for longest. */
  async function use(arg, entry, state) {
    await attempt(async () => {
      await describe(entry.id).catch((problem) => {
        if (problem.status === 404) state.textContent = "gone: the server no longer has it";
        throw problem;
      });
      said.textContent = `${arg} is ${entry.name}.`;
      moved(arg, { data: entry.id });
    });
  }

  file.addEventListener("change", async () => {
    for (const each of file.files) await put(each.name, await each.text());
  });
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer.files;
    if (dropped) await put(dropped.name, await dropped.text());
    else await put("dropped", event.dataTransfer.getData("text/plain"));
  });

  return {
    /** Offer what is kept for the arguments of a function. */
    show(names, point) {
      [args, at] = [names, point];
      showList();
    },
    /** Keep the value of an argument, and put the data in its place. */
    async keep(arg, value) {
      await attempt(async () => moved(arg, { data: (await keep(arg, value)).id }));
    },
  };
}

function button(textContent, work) {
  const made = make("button", { type: "button", textContent });
  made.addEventListener("click", work);
  return made;
}

const sizes = ({ shape }) => `${shape.join(" × ")} numbers`;
const bytes = ({ bytes: count }) => (count < 1e6 ? `${brief(count / 1000)} kB` : `${brief(count / 1e6)} MB`);
