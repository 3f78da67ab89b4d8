// The function and its partial derivatives, typeset by the browser.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const ELEMENTS = new Set("math mrow mi mn mo mtext mfrac msqrt mroot msub msup msubsup mtable mtr mtd".split(" "));
const ATTRIBUTES = new Set(["display", "mathvariant", "stretchy"]);

/** Show an answer of /v1/symbolic. */
export function showFormulae(host, { function: whole, partials }) {
  const lines = [line([identifier("f")], whole.mathml)];
  for (const { arg, index, mathml } of partials) lines.push(line(derivative(arg, index), mathml));
  host.replaceChildren(...lines);
}

/** Say why there are no formulae. */
export function showNote(host, text) {
  host.replaceChildren(Object.assign(document.createElement("p"), { className: "quiet", textContent: text }));
}

function line(left, source) {
  const holder = Object.assign(document.createElement("div"), { className: "formula", tabIndex: 0 });
  const math = make("math");
  math.setAttribute("display", "block");
  const formula = adopted(new DOMParser().parseFromString(source, "application/xml").documentElement);
  math.append(make("mrow", ...left, make("mo", "="), ...(formula ? [...formula.childNodes] : [])));
  holder.append(math);
  return holder;
}

/** The same tree made anew of the elements and attributes we know, so that nothing else can come with it. */
function adopted(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.namespaceURI !== MATHML || !ELEMENTS.has(node.localName)) return null;
  const element = make(node.localName);
  for (const { name, value } of node.attributes) if (ATTRIBUTES.has(name)) element.setAttribute(name, value);
  element.append(...[...node.childNodes].map(adopted).filter((child) => child !== null));
  return element;
}

function derivative(arg, index) {
  const by = index?.length
    ? make("msub", identifier(arg), make("mrow", make("mn", index.join(", "))))
    : identifier(arg);
  return [make("mfrac", make("mrow", make("mo", "∂"), identifier("f")), make("mrow", make("mo", "∂"), by))];
}

const GREEK = new Map(
  "α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega"
    .split(" ")
    .map((word, n, words) => [word, words[n - 1]]),
);

/** A name as the service sets it: Greek names as letters, digits at its end as an index. */
function identifier(name) {
  const [, word, index] = /^(\p{L}+?)_?(\d+)?$/u.exec(name) ?? [null, name];
  const letter = make("mi", GREEK.get(word) ?? word);
  return index === undefined ? letter : make("msub", letter, make("mn", index));
}

function make(name, ...children) {
  const element = document.createElementNS(MATHML, name);
  element.append(...children);
  return element;
}
