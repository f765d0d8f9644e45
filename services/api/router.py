"""From a method and a path to its route, in one walk over the path's steps."""

from __future__ import annotations

from collections.abc import Iterable

from services.api.operations import Route


class _Node:
    """One step of the paths."""

    __slots__ = ("literal", "parameter", "routes")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        #: Method -> the route that ends here, and the names of its parameters in order.
        self.routes: dict[str, tuple[Route, tuple[str, ...]]] = {}


class Router:
    """Every route of the application."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for step in route.path.strip("/").split("/"):
            if step.startswith("{"):
                names.append(step.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literal.setdefault(step, _Node())
        node.routes[route.method] = (route, tuple(names))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the values of its parameters, still percent-encoded where a slash was."""
        node, values = self._root, []
        for step in path.strip("/").split("/"):
            child = node.literal.get(step)
            if child is None:
                child = node.parameter
                if child is None or not step:
                    return None
                values.append(step)
            node = child
        found = node.routes.get(method)
        return (found[0], dict(zip(found[1], values, strict=True))) if found is not None else None
