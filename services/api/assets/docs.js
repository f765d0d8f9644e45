"use strict";
// Swagger UI on our own document, with two parts of our own: what finds a route, and what resolves references.

// Swagger UI's own filter looks at tags alone: this one at each route.
const findIn = (taggedOps, phrase) => {
  const wanted = phrase.toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (op) => {
    const operation = op.get("operation");
    const words = [op.get("method"), op.get("path"), operation.get("summary"), operation.get("operationId")];
    const text = words.join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  return taggedOps
    .map((tag) => tag.update("operations", (operations) => operations.filter(isWanted)))
    .filter((tag) => tag.get("operations").size > 0);
};

// The part of the document at `path`, with what it refers to in place. Swagger UI's own resolver works through the
// whole document for each route that is opened, which takes seconds; ours refers to nothing outside of itself.
const valueAt = (document, path) => path.reduce((value, step) => (value === undefined ? value : value[step]), document);
const putInPlace = (document, value, within) => {
  if (Array.isArray(value)) return value.map((item) => putInPlace(document, item, within));
  if (value === null || typeof value !== "object") return value;
  const { $ref: reference, ...beside } = value;
  if (typeof reference === "string") {
    // A model inside of itself stays a reference.
    if (within.includes(reference)) return value;
    const referred = valueAt(document, reference.slice(2).split("/"));
    return putInPlace(document, { ...referred, ...beside }, [...within, reference]);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, putInPlace(document, item, within)]));
};
const resolveSubtree = async (document, path) => ({ errors: [], spec: putInPlace(document, valueAt(document, path), []) });

const FindRoute = ({ React }) => ({ specSelectors, layoutSelectors, layoutActions }) => {
  const find = (event) => {
    const phrase = event.target.value;
    layoutActions.updateFilter(phrase);
    const found = phrase.trim().length > 1 ? findIn(specSelectors.taggedOperations(), phrase) : new Map();
    for (const tag of found.keys()) layoutActions.show(["operations-tag", tag], true);
  };
  const filter = layoutSelectors.currentFilter();
  const input = React.createElement("input", { type: "search", value: typeof filter === "string" ? filter : "", onChange: find });
  return React.createElement("label", { className: "find" }, "Find a route by its method, path or words", input);
};

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  // The list of all models, 482 of them: each is shown where it is used.
  defaultModelsExpandDepth: -1,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  plugins: [(system) => ({ fn: { opsFilter: findIn, resolveSubtree }, components: { FilterContainer: FindRoute(system) } })],
});
