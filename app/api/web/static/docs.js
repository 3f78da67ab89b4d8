// The OpenAPI document as a page: Swagger UI, set up to load from here only and to try things out at once.

const host = document.getElementById("documentation");
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

/** What it leaves without a name for those who do not see it, by selector. */
const NAMES = {
  "textarea.body-param__text": "Request body",
  ".examples-select-element": "Example",
  ".copy-to-clipboard button": "Copy",
  ".parameters input": "Parameter",
};

/** Give names, and take the links out of the buttons that they are in: a press opens the operation all the same. */
function complete() {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const each of host.querySelectorAll(`${selector}:not([aria-label])`)) each.setAttribute("aria-label", name);
  }
  for (const link of host.querySelectorAll("button a[href]")) link.removeAttribute("href");
}

new MutationObserver(complete).observe(host, { childList: true, subtree: true });

globalThis.SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#documentation",
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  syntaxHighlight: { activated: true, theme: "agate" },
});
