"use strict";
// Everything that comes from the server or from a model is shown with textContent, so that it is text and nothing else.

const part = (id) => document.getElementById(id);
let schemas = {};
let fields = [];
let running = null;

const resolved = (schema) => {
  if (schema.$ref) return resolved({ ...schemas[schema.$ref.split("/").pop()], ...without(schema, "$ref") });
  if (schema.anyOf) {
    const real = schema.anyOf.filter((one) => one.type !== "null");
    if (real.length === 1) return resolved({ ...real[0], ...without(schema, "anyOf"), optional: true });
  }
  return schema;
};

const without = (value, name) => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

const element = (kind, properties = {}, ...inside) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...inside);
  return made;
};

const headers = () => (part("key").value ? { Authorization: `Bearer ${part("key").value}` } : {});

function say(text, problem = false) {
  part("said").textContent = text;
  part("said").className = problem ? "problem" : "";
}

function control(name, schema, required) {
  if (schema.enum) {
    const choices = schema.enum.map((one) => element("option", { value: JSON.stringify(one), textContent: String(one) }));
    return [element("select", { name }, ...choices), (made) => JSON.parse(made.value)];
  }
  if (schema.type === "boolean") return [element("input", { name, type: "checkbox", checked: schema.default === true }), (made) => made.checked];
  const given = schema.default === undefined || schema.default === null ? "" : schema.default;
  if (schema.type === "integer" || schema.type === "number") {
    const made = element("input", { name, type: "number", step: schema.type === "integer" ? "1" : "any", required, value: given });
    return [made, () => (made.value === "" ? undefined : Number(made.value))];
  }
  if (schema.type === "string") {
    const made = element("textarea", { name, required: required && !schema.optional, value: given });
    return [made, () => (made.value === "" && !required ? undefined : made.value)];
  }
  const made = element("textarea", { name, required, value: given === "" ? "" : JSON.stringify(given) });
  const hint = schema.type === "array" ? 'JSON, such as ["a", "b"]' : "JSON";
  made.placeholder = hint;
  return [made, () => (made.value.trim() === "" ? undefined : JSON.parse(made.value))];
}

async function begin() {
  const response = await fetch("openapi.json", { headers: headers() });
  if (response.status === 401) {
    part("key-line").hidden = false;
    say("This server asks for a key.");
    return;
  }
  if (fields.length) return say("");
  const api = await response.json();
  schemas = api.components.schemas;
  document.title = api.info.title;
  part("name").textContent = api.info.title;
  part("about").textContent = api.info.description;
  const inputs = resolved(api.paths["/v1/predict"].post.requestBody.content["application/json"].schema);
  const required = new Set(inputs.required || []);
  fields = Object.entries(inputs.properties).map(([name, raw]) => {
    const schema = resolved(raw);
    const [made, read] = control(name, schema, required.has(name));
    const label = element("label", {}, name + (required.has(name) ? "" : " (optional)"));
    if (schema.description) label.append(element("small", { textContent: schema.description }));
    label.append(made);
    return { name, label, read: () => read(made) };
  });
  part("fields").replaceChildren(...fields.map((one) => one.label));
  part("ask").disabled = false;
  say("");
}

function values(data) {
  const list = element("dl");
  for (const [name, value] of Object.entries(data)) {
    const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
    list.append(element("dt", { textContent: name }), element("dd", { textContent: text }));
  }
  return list;
}

function heard(event, data) {
  if (event === "step") {
    const title = `${data.step}${data.seconds === null ? "" : ` (${data.seconds} s)`}`;
    part("steps").append(element("li", {}, title, values(data.outputs)));
  } else if (event === "prediction") {
    part("answer").replaceChildren(values({ ...data.outputs, ...data.more }));
    say(`${data.usage.calls} calls, ${data.usage.prompt_tokens + data.usage.completion_tokens} tokens`);
  } else if (event === "problem") say(data.detail, true);
}

async function listen(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const lines = Object.fromEntries(block.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]));
      if (lines.event) heard(lines.event, JSON.parse(lines.data));
    }
  }
}

async function ask() {
  let inputs;
  try {
    inputs = Object.fromEntries(fields.map((one) => [one.name, one.read()]).filter(([, value]) => value !== undefined));
  } catch {
    say("A field that takes JSON holds something else.", true);
    return;
  }
  part("steps").replaceChildren();
  part("answer").replaceChildren();
  say("Working …");
  running = new AbortController();
  part("ask").disabled = true;
  part("stop").disabled = false;
  try {
    const response = await fetch("v1/stream", {
      method: "POST", signal: running.signal, headers: { "Content-Type": "application/json", ...headers() }, body: JSON.stringify(inputs),
    });
    if (response.ok) await listen(response.body);
    else heard("problem", await response.json());
  } catch (error) {
    say(error.name === "AbortError" ? "Stopped." : "The server cannot be reached.", true);
  } finally {
    part("ask").disabled = false;
    part("stop").disabled = true;
  }
}

part("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
part("stop").addEventListener("click", () => running && running.abort());
part("key").addEventListener("change", begin);
begin().catch(() => say("The server cannot be reached.", true));
