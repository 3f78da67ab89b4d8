// The request that is on the screen, as code of other languages.

const json = (value) => JSON.stringify(value);
const indented = (entries, indent, end = ",") => entries.map((entry) => `${indent}${entry}${end}`).join("\n");

function curl(url, body) {
  return `curl -s ${url} \\
  -H 'Content-Type: application/json' \\
  -d '${json(body).replaceAll("'", "'\\''")}'`;
}

function python(url, body) {
  const fields = indented(
    Object.entries(body).map(([name, value]) => `${json(name)}: ${json(value)}`),
    "    ",
  );
  return `import httpx\n\nanswer = httpx.post(${json(url)}, json={\n${fields}\n}).raise_for_status().json()\nprint(answer["value"], answer["gradient"])`;
}

function javascript(url, body) {
  return `const response = await fetch(${json(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(${json(body)}),
});
const { value, gradient } = await response.json();
console.log(value, gradient);`;
}

function r(url, body) {
  const literal = (value) => (Array.isArray(value) ? `list(${value.map(literal).join(", ")})` : json(value));
  const fields = Object.entries(body)
    .map(([name, value]) => `${name} = ${literal(value)}`)
    .join(",\n    ");
  return `library(httr2)\n\nanswer <- request(${json(url)}) |>\n  req_body_json(list(\n    ${fields}\n  )) |>\n  req_perform() |>\n  resp_body_json()\nprint(answer$value)\nprint(unlist(answer$gradient))`;
}

function julia(url, body) {
  const literal = (value) => json(value).replaceAll("$", "\\$");
  const fields = indented(
    Object.entries(body).map(([name, value]) => `${json(name)} => ${literal(value)}`),
    "    ",
  );
  return `using HTTP, JSON\n\nbody = Dict(\n${fields}\n)\nanswer = HTTP.post(${json(url)}, ["Content-Type" => "application/json"], JSON.json(body))\nfound = JSON.parse(String(answer.body))\nprintln(found["value"], " ", found["gradient"])`;
}

/** Languages by name: from a URL and a body to code. */
export const LANGUAGES = { curl, Python: python, JavaScript: javascript, R: r, Julia: julia };
