// What one can take away: the request as code of a language, or the function and its gradient as a file.

import { address, newest, post } from "../../api.js";
import { copy } from "../../clipboard.js";
import { LANGUAGES } from "./snippets.js";

/** Languages of files, as requests name them. */
const FILES = {
  C: "c",
  Python: "python",
  NumPy: "numpy",
  JAX: "jax",
  JavaScript: "javascript",
  Julia: "julia",
  R: "r",
  MATLAB: "matlab",
  Rust: "rust",
  Excel: "excel",
  StableHLO: "stablehlo",
};

/**
 * Fill the card with buttons, of requests and of files; the result shows the text of the one that was pressed last,
 * for a body of /v1/grad and the shapes of its arguments.
 */
export function makeTaking({ requests, files, snippet, said }) {
  let [pressed] = [...buttons(requests, LANGUAGES), ...buttons(files, FILES)];
  let asked = null;
  let shown = "";

  const showFile = newest(async (signal, body, key) => {
    try {
      snippet.textContent = (await post("/v1/code", body, signal)).source;
      shown = key;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      snippet.textContent = `No file: ${error.message}.${error.hint ? ` ${error.hint}.` : ""}`;
    }
  });

  async function show() {
    if (asked === null) return; // nothing is known of the function yet
    const name = pressed.textContent;
    if (pressed.parentElement === requests) {
      shown = "";
      snippet.textContent = LANGUAGES[name](address("/v1/grad"), asked.request);
      return;
    }
    const { expression, format = "text" } = asked.request;
    const body = { expression, format, language: FILES[name], shapes: asked.shapes };
    const key = JSON.stringify(body); // the point is not part of a file
    if (key !== shown) await showFile(body, key);
  }

  function buttons(host, names) {
    return Object.keys(names).map((name) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
      button.addEventListener("click", () => take(button));
      host.append(button);
      return button;
    });
  }

  function press(button) {
    pressed = button;
    for (const each of [...requests.children, ...files.children])
      each.setAttribute("aria-pressed", String(each === button));
  }

  async function take(button) {
    press(button);
    await show();
    await copy(snippet.textContent);
    said.textContent = `Copied as ${button.textContent}.`;
  }

  press(pressed);
  return (request, shapes) => {
    asked = { request, shapes };
    return show();
  };
}
