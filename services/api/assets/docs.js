"use strict";
// Renders /openapi.json. Everything is set as text, never as markup.

const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};

let components = {};
const resolve = (schema) => (schema && schema.$ref ? components[schema.$ref.split("/").pop()] : schema) || {};
const nameOf = (schema) => (schema && schema.$ref ? schema.$ref.split("/").pop() : "");

const words = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return nameOf(schema);
  const several = schema.anyOf || schema.oneOf;
  if (several) return several.map(words).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return "list of " + words(schema.items || {});
  return [schema.type, schema.format].filter(Boolean).join(", ");
};

const meaning = (schema) => {
  const example = (schema.examples || [])[0];
  const shown = example === undefined ? "" : " Example: " + (typeof example === "string" ? example : JSON.stringify(example));
  return (schema.description || "") + shown;
};

const table = (rows) => {
  const body = make("table");
  for (const cells of rows) {
    const line = make("tr");
    for (const cell of cells) line.append(make("td", cell));
    body.append(line);
  }
  return body;
};

const fields = (schema, seen = new Set()) => {
  const list = make("div");
  const several = schema.anyOf || schema.oneOf;
  for (const option of several || [schema]) {
    const full = resolve(option);
    const name = nameOf(option) || full.title || "";
    if (seen.has(name)) continue;
    list.append(make("h4", name), make("p", full.description || ""));
    const required = new Set(full.required || []);
    list.append(table(Object.entries(full.properties || {}).map(([key, value]) => [
      key + (required.has(key) ? " (required)" : ""), words(value), meaning(value),
    ])));
  }
  return list;
};

const operation = (path, method, said) => {
  const box = make("details");
  const head = make("summary");
  head.append(make("span", method.toUpperCase(), "method " + method), make("code", path), " ", make("span", said.summary));
  box.append(head);
  box.dataset.text = [path, method, said.summary, said.operationId].join(" ").toLowerCase();
  box.addEventListener("toggle", () => {
    if (!box.open || box.dataset.filled) return;
    box.dataset.filled = "yes";
    if ((said.parameters || []).length) {
      box.append(make("h3", "Parameters"), table(said.parameters.map((p) => {
        const full = p.$ref ? said.shared[p.$ref.split("/").pop()] : p;
        return [full.name + (full.required ? " (required)" : ""), full.in, words(full.schema), meaning({ ...full.schema, description: full.description })];
      })));
    }
    for (const [media, body] of Object.entries((said.requestBody || {}).content || {})) {
      box.append(make("h3", "Body: " + media), fields(body.schema || {}));
    }
    box.append(make("h3", "Answers"), table(Object.entries(said.responses).map(([status, answer]) => [
      status, answer.description, Object.values(answer.content || {}).map((c) => words(c.schema)).join(", "),
    ])));
  });
  return box;
};

const show = (api) => {
  components = api.components.schemas;
  const home = document.getElementById("operations");
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, said] of Object.entries(methods)) {
      said.shared = api.components.parameters || {};
      const tag = said.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(path, method, said));
    }
  }
  for (const [tag, boxes] of groups) {
    const section = make("section");
    section.append(make("h2", tag), ...boxes);
    home.append(section);
  }
  document.getElementById("find").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const box of home.querySelectorAll("details")) box.hidden = !box.dataset.text.includes(wanted);
    for (const section of home.querySelectorAll("section")) {
      section.hidden = !section.querySelector("details:not([hidden])");
    }
  });
};

fetch("/openapi.json").then((answer) => answer.json()).then(show, () => {
  document.getElementById("operations").textContent = "The document could not be fetched.";
});
