"""Stubs for imports that no picture needs, which save the model process a third of its start and a sixth of its memory.

The model libraries also import modules for training, compiling and clusters. Such a module is found as usual, but its
code runs when an attribute of it is first used (as with `importlib.util.LazyLoader`), and the names that the libraries
import from it at once are stubs. A model that does need such a module gets it.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any


def install() -> None:
    """Defer those imports in this process from now on. For one that only runs models: nothing is compiled in it."""
    if not any(isinstance(finder, StubFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, StubFinder())
        importlib.metadata.packages_distributions = LazyDistributions


def _mark(function: Any = None, *_: Any, **__: Any) -> Any:
    """Stand for a decorator that marks a function for the compiler: it does nothing."""
    return (lambda later: later) if function is None else function


def deferred_call(module: str, name: str) -> Callable[..., Any]:
    """Return a stub for a function or class of a deferred module, which runs when the stub is called."""

    def call(*values: Any, **options: Any) -> Any:
        spared = sys.modules[module]
        if isinstance(spared, DeferredModule):
            spared.run()
        return getattr(spared, name)(*values, **options)

    return call


def _unless_bool(module: str, name: str) -> Callable[..., Any]:
    """Return a stub for a function that evaluates a condition, which may be symbolic. A bool is returned as it is."""
    read = deferred_call(module, name)
    return lambda condition, *values, **options: (
        condition if isinstance(condition, bool) else read(condition, *values, **options)
    )


def _sym_eq(one: Any, other: Any) -> Any:
    """Return whether sizes, which may be symbolic, are equal. Integers are compared here."""
    sizes = [*one, *other] if isinstance(one, tuple | list) else [one, other]
    plain = all(type(size) is int for size in sizes)
    return tuple(sizes[: len(sizes) // 2]) == tuple(sizes[len(sizes) // 2 :]) if plain else _read_sym_eq(one, other)


def _is_nested_int(size: Any) -> Any:
    """Return whether a size is that of a ragged tensor. An integer is not."""
    return False if type(size) is int else _read_is_nested_int(size)


class _Compiled:
    """A stub for the class of compiled networks: no object is an instance."""


GET_ITEM = "torch._dynamo._trace_wrapped_higher_order_op"
SHAPES = "torch.fx.experimental.symbolic_shapes"
GUARDS = ("expect_true", "guard_or_false", "guard_or_true", "guard_size_oblivious")
_read_sym_eq = deferred_call(SHAPES, "sym_eq")
_read_is_nested_int = deferred_call(SHAPES, "is_nested_int")

# The modules that run when they are used, and the stubs for what is imported from them before. Times are of a start of
# 3.3 s.
DEFERRED: dict[str, dict[str, Any]] = {
    # The compiler, and through it a computer algebra system: .5 s. The libraries mark functions for it.
    "torch._dynamo": {
        "allow_in_graph": _mark,
        "assume_constant_result": _mark,
        "disable": _mark,
        "eval_frame": SimpleNamespace(OptimizedModule=_Compiled),
    },
    GET_ITEM: {"TransformGetItemToIndex": deferred_call(GET_ITEM, "TransformGetItemToIndex")},
    SHAPES: {
        **{name: _unless_bool(SHAPES, name) for name in GUARDS},
        "is_nested_int": _is_nested_int,
        "sym_eq": _sym_eq,
    },
    # Where scipy is installed: .4 s, for losses of object detectors and for schedulers' rarer options.
    "scipy.integrate": {},
    "scipy.optimize": {"linear_sum_assignment": deferred_call("scipy.optimize", "linear_sum_assignment")},
    "scipy.stats": {},
}


class DeferredModule(ModuleType):
    """A module whose code has not run yet."""

    def __getattr__(self, name: str) -> Any:
        if name in (stubs := DEFERRED[self.__name__]):
            return stubs[name]
        if name.startswith("__"):
            raise AttributeError(name)
        self.run()
        return getattr(self, name)

    def run(self) -> None:
        """Run the module's code, and become an ordinary module."""
        spec = self.__spec__
        assert spec is not None
        assert isinstance(spec.loader, _DeferringLoader)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__loader__ = spec.loader = spec.loader.real
        spec.loader.exec_module(self)


class _DeferringLoader(Loader):
    def __init__(self, real: Loader) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = DeferredModule


class _PatchingLoader(Loader):
    """A loader that runs a module as usual, then patches it."""

    def __init__(self, real: Loader, patch: Callable[[Any], None]) -> None:
        self.create_module = real.create_module  # type: ignore[method-assign]
        self._real, self._patch = real, patch

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        self._patch(module)


class StubFinder(MetaPathFinder):
    """A finder of the modules of both tables. A deferred package runs before its other submodules are imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in DEFERRED and name not in PATCHES:
            parent = sys.modules.get(name.rpartition(".")[0])
            if isinstance(parent, DeferredModule):
                parent.run()
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = (
                _DeferringLoader(spec.loader) if name in DEFERRED else _PatchingLoader(spec.loader, PATCHES[name])
            )
        return spec


def _disable_distributed(distributed: Any) -> None:
    """Make torch report that it was built without support of clusters, which the libraries check."""
    distributed.is_available = lambda: False


def _skip_initial_weights(init: Any) -> None:
    """Skip the random initialisation of "meta" tensors, for which torch would import the computer algebra system.

    A network is first made of such tensors, which have shapes alone, then gets its weights.
    """
    draw = init.normal_

    def normal_(tensor: Any, *values: Any, **options: Any) -> Any:
        return tensor if tensor.is_meta else draw(tensor, *values, **options)

    init.normal_ = normal_


def _shorten_get_source(utils: Any) -> None:
    """Find where a custom operation was defined without `inspect`, which searches all files. For error messages."""

    def get_source(stacklevel: int) -> str:
        frame = sys._getframe(stacklevel)
        return f"{frame.f_code.co_filename}:{frame.f_lineno}"

    utils.get_source = get_source


# Modules that are imported as usual, and the patch of one function of each: .3 s.
PATCHES: dict[str, Callable[[Any], None]] = {
    "torch._library.utils": _shorten_get_source,
    "torch.distributed": _disable_distributed,
    "torch.nn.init": _skip_initial_weights,
}


class LazyDistributions(Mapping[str, list[str]]):
    """The installed distributions of each package, looked up when first used, which is seldom: .1 s."""

    @cached_property
    def _all(self) -> Mapping[str, list[str]]:
        return _packages_distributions()

    def __getitem__(self, package: str) -> list[str]:
        return self._all[package]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


_packages_distributions = importlib.metadata.packages_distributions
