"""The components of the OpenAPI document: msgspec's schemas of the Structs, exact enough to generate clients from.

msgspec validates requests, so its schemas say what is taken. What it leaves out is added here: types of enumerations,
formats of instants, and fields that only rows of an import may leave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec
import msgspec.inspect

from domain.glossary.words import DOMAIN, describe_properties
from projections.glossary import REPORTS
from services.api.component_names import component_name, msgspec_names, published_classes
from services.api.glossary import API
from services.api.http.problems import Problem
from services.api.operations import Operation

REF = "#/components/schemas/"
_NULL = {"type": "null"}
#: Whose words a package uses, its own first. The ledger publishes API keys alone.
GLOSSARIES = {
    "services": (API, REPORTS, DOMAIN),
    "ledger": (API, REPORTS, DOMAIN),
    "projections": (REPORTS, DOMAIN),
    "domain": (DOMAIN,),
}


class Components:
    """All components, each under the name that `component_name` gives its class."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        types: list[Any] = [Problem]
        for operation in operations:
            types += [
                t for t in (operation.query, operation.body, operation.answer, operation.refusal) if t is not None
            ]
        self._types = types
        schemas, components = msgspec.json.schema_components(types, ref_template=REF + "{name}")
        known = published_classes(types)
        classes = {key: cls for cls in known for key in msgspec_names(cls) if key in components}
        names = {key: component_name(cls) for key, cls in classes.items()}
        self._schemas = [_complete(_rename_references(schema, names)) for schema in schemas]
        self.components: dict[str, Any] = {}
        for key, schema in sorted(components.items()):
            component = _rename_references(schema, names) | ({"title": names[key]} if "title" in schema else {})
            _add_formats(known[classes[key]], component)
            self.components[names[key]] = _complete(component)
        # What corrections are judged by is not part of what is shown of a goal.
        del self.components["PromisedGoal"]["properties"]["statements"]
        by_name = {names[key]: cls for key, cls in classes.items()}
        self._describe(by_name)
        for operation in operations:
            self._make_do_optional(operation)
        self._require_needed_fields(operations)
        # A query's Struct is printed as parameters.
        self.queries = {name: self.components[name] for name in {component_name(o.query) for o in operations}}
        for name in self.queries:
            del self.components[name]
        self._describe_responses(operations, by_name)
        for component in self.components.values():
            if component.get("properties"):
                component["examples"] = [self._build_example(component)]

    def _describe(self, classes: dict[str, Any]) -> None:
        """Say of each property what it means: a package's own words go before those of the packages beneath it."""
        for name, cls in classes.items():
            if hasattr(cls, "__struct_config__"):
                glossaries = GLOSSARIES[cls.__module__.partition(".")[0]]
                describe_properties(cls, self.components[name], glossaries, self._resolve, name)

    def _resolve(self, reference: str) -> dict[str, Any]:
        found: dict[str, Any] = self.components[reference.removeprefix(REF)]
        return found

    def _build_example(self, component: dict[str, Any]) -> dict[str, Any]:
        """An object of this component: the examples of its fields, and objects where it needs them."""
        found: dict[str, Any] = {}
        for name, schema in component["properties"].items():
            if schema.get("examples"):
                found[name] = schema["examples"][0]
            elif name in component.get("required", ()):
                found[name] = self._build_object(schema)
        return found

    def _build_object(self, schema: dict[str, Any]) -> Any:
        for options in (schema.get("oneOf"), schema.get("anyOf")):
            if options:
                return self._build_object(options[0])
        if "$ref" in schema:
            return self._build_example(self._resolve(schema["$ref"]))
        if schema.get("type") == "array":
            return [self._build_object(schema["items"])] if schema.get("minItems") else []
        return {}

    def find_schema(self, kind: Any) -> dict[str, Any]:
        """The schema (a reference, for a Struct) of a type that an operation names."""
        return next(s for t, s in zip(self._types, self._schemas, strict=True) if t is kind or t == kind)

    def build_body_schema(self, kind: Any) -> dict[str, Any]:
        """The schema of a body: a union asks for its tag, one act's route does not."""
        schema = self.find_schema(kind)
        if len(get_args(kind)) < 2:  # noqa: PLR2004 - a union has two
            return schema
        return {"type": "object", "required": ["do"], **schema}

    def _make_do_optional(self, operation: Operation) -> None:
        """`do` is optional where the route implies it; the body of a union requires it."""
        for cls in _act_classes(operation):
            shape = self.components[component_name(cls)]
            shape["required"] = [name for name in shape.get("required", []) if name != "do"]

    def _require_needed_fields(self, operations: Sequence[Operation]) -> None:
        """Fields that only a row of an import may leave out are required in a body, and not null."""
        for cls in {cls for operation in operations for cls in _act_classes(operation)}:
            shape = self.components[component_name(cls)]
            for name in getattr(cls, "needed", ()):
                shape["properties"][name] = without_null(shape["properties"][name])
                shape["required"] = [*shape.get("required", []), name]

    def _describe_responses(self, operations: Sequence[Operation], classes: dict[str, Any]) -> None:
        """Say of the Structs that only responses hold which of their fields are always there."""
        taken = self._names_within([self.find_schema(o.body) for o in operations if o.body is not None])
        for name in self.components.keys() - taken:
            config = getattr(classes[name], "__struct_config__", None)
            if config is not None:
                _describe_presence(classes[name], self.components[name], omits=config.omit_defaults)

    def _names_within(self, schemas: Sequence[dict[str, Any]]) -> set[str]:
        """The names of all components that these schemas lead to."""
        found: set[str] = set()
        waiting = [name for schema in schemas for name in _references(schema)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += _references(self.components[name])
        return found


def _describe_presence(cls: Any, schema: dict[str, Any], *, omits: bool) -> None:
    """Where defaults are left out, a field is missing and never null; where they are not, each field is there."""
    for field in msgspec.structs.fields(cls):
        name = field.encode_name
        if omits and field.default is None:
            schema["properties"][name] = without_null(schema["properties"][name])
        elif not omits and name not in schema["required"] and field.default is not msgspec.UNSET:
            schema["required"].append(name)


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value that may be left out, and is never null."""
    options = [option for option in schema.get("anyOf", []) if option != _NULL]
    if len(options) == 1:
        return {**options[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
    return {**schema, "anyOf": options} if options else schema


def _act_classes(operation: Operation) -> Iterator[Any]:
    """The Structs of the acts that the operation's body may be."""
    for kind in get_args(operation.body) or (operation.body,):
        config = getattr(kind, "__struct_config__", None)
        if config is not None and config.tag_field == "do":
            yield kind


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(name := schema.get("$ref"), str):
            yield name.removeprefix(REF)
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _complete(schema: Any) -> Any:
    """The schema as generators of clients take it, saying the same."""
    if isinstance(schema, list):
        return [_complete(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    # "If left out, nothing" is what leaving out means; generators make a field with a default one that is always there.
    done = {
        name: inner if name == "mapping" else _complete(inner)
        for name, inner in schema.items()
        if name != "default" or inner is not None
    }
    if "enum" in done and "type" not in done:
        done["type"] = "string" if all(isinstance(value, str) for value in done["enum"]) else "integer"
    if done.get("items") is False:
        # A pair of fixed length: `maxItems` says that nothing follows.
        kinds = [kind for number, kind in enumerate(done["prefixItems"]) if kind not in done["prefixItems"][:number]]
        done["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if done.get("type") == "array":
        done.setdefault("items", {})
    if "discriminator" in done and "anyOf" in done:
        done["oneOf"] = done.pop("anyOf")
    return done


def _add_formats(info: Any, schema: dict[str, Any]) -> None:
    """Say of each instant that it is one; msgspec does where the annotation asks for a time zone."""
    for field in getattr(info, "fields", ()):
        options = getattr(field.type, "types", (field.type,))
        if not any(isinstance(option, msgspec.inspect.DateTimeType) for option in options):
            continue
        shape = schema["properties"][field.encode_name]
        for option in shape.get("anyOf", [shape]):
            if option.get("type") == "string":
                option["format"] = "date-time"


def _rename_references(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _rename_references(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rename_references(inner, names) for inner in value]
    if isinstance(value, str) and value.startswith(REF):
        return REF + names.get(value.removeprefix(REF), value.removeprefix(REF))
    return value
