// The request that is on the screen, as code of other languages: the recipes of docs/clients.md.

const json = (value) => JSON.stringify(value);
const indented = (entries, indent, end = ",") => entries.map((entry) => `${indent}${entry}${end}`).join("\n");
const fields = (body, join, literal = json) => Object.entries(body).map(([name, value]) => join(name, literal(value)));
const spaced = (value) => (Array.isArray(value) ? `[${value.map(spaced).join(", ")}]` : json(value));

function curl(url, body) {
  return `curl -s ${url} \\
  -H 'Content-Type: application/json' \\
  -d '${json(body).replaceAll("'", "'\\''")}'`;
}

function python(url, body) {
  return `import httpx

response = httpx.post(
    ${json(url)},
    json={
${indented(fields(body, (name, value) => `${json(name)}: ${value}`, spaced), "        ")}
    },
)
answer = response.json()
if response.is_error:
    raise ValueError(answer["detail"])
print(answer["value"], answer["gradient"])`;
}

function javascript(url, body) {
  return `const response = await fetch(${json(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({
${indented(fields(body, (name, value) => `${name}: ${value}`, spaced), "    ")}
  }),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
console.log(answer.value, answer.gradient);`;
}

function r(url, body) {
  const literal = (value) => (Array.isArray(value) ? `list(${value.map(literal).join(", ")})` : json(value));
  return `library(httr2)

answer <- request(${json(url)}) |>
  req_body_json(list(
${fields(body, (name, value) => `    ${name} = ${value}`, literal).join(",\n")}
  )) |>
  req_error(body = \\(response) resp_body_json(response, check_type = FALSE)$detail) |>
  req_perform() |>
  resp_body_json()
cat(answer$value, unlist(answer$gradient), "\\n")`;
}

function julia(url, body) {
  const literal = (value) => spaced(value).replaceAll("$", "\\$");
  return `using HTTP, JSON

response = HTTP.post(
    ${json(url)},
    ["Content-Type" => "application/json"],
    JSON.json(Dict(
${indented(fields(body, (name, value) => `${json(name)} => ${value}`, literal), "        ")}
    ));
    status_exception = false,
)
answer = JSON.parse(String(response.body))
response.status == 200 || error(answer["detail"])
println(answer["value"], " ", answer["gradient"])`;
}

/** Languages by name: from a URL and a body to code. */
export const LANGUAGES = { curl, Python: python, JavaScript: javascript, R: r, Julia: julia };
