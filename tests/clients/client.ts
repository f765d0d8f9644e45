// Five routes, called with the types that openapi-typescript makes of the OpenAPI document; prints what came back.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[]; exitCode: number };
const [, , baseUrl, key] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

const required = <T>(result: { data?: T; error?: unknown }): T => {
  if (result.data === undefined) throw new Error(JSON.stringify(result.error));
  return result.data;
};

const body: components["schemas"]["BeginOffer"] = {
  do: "offer",
  title: "Quarterly report",
  sponsor: "stella",
  team: "core",
  terms: { conditions: ["It is published"], due: "2199-12-31", effort_hours: 8 },
  reason: { code: "new_need", text: "the quarter begins" },
};
const me = required(await client.GET("/v1/me"));
const offered = required(await client.POST("/v1/goals", { body }));
const query = { after_position: offered.position };
const goals = required(await client.GET("/v1/goals", { params: { query } }));
const report = required(await client.GET("/v1/reports/overload", { params: { query } }));
const events = required(await client.GET("/v1/events"));
const conditions = events.flatMap(({ data }) => (data.type === "goal.offered.v1" ? data.terms.conditions : []));

console.log(
  JSON.stringify([
    me.member === offered.owner && me.member === offered.sponsor,
    goals.goals.map((goal) => goal.title),
    typeof report !== "string" && report.figures.some((figure) => figure.name === "load_ratio"),
    conditions.map((condition) => condition.text),
  ]),
);
