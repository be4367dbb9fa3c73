"""Spares the model process the imports that no picture needs: a third of a start's time and a sixth of its memory.

Wherever the model libraries are imported, they import what training, compiling and clusters take, too. Here such a
module is found as ever, but its code runs when something of it is used for the first time (as `importlib.util`'s
LazyLoader has it), and what the libraries take from it at once is stood in for. A model that does need one gets it.
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
    """Spare this process those imports from now on. For one that only runs models: nothing is compiled in it."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
        importlib.metadata.packages_distributions = _Distributions


def _mark(function: Any = None, *_: Any, **__: Any) -> Any:
    """A decorator that tells the compiler something about a function: nothing, where none compiles."""
    return (lambda later: later) if function is None else function


def _called_through(module: str, name: str) -> Callable[..., Any]:
    """A function or class of a spared module, which is imported when it is called."""

    def call(*values: Any, **options: Any) -> Any:
        spared = sys.modules[module]
        if isinstance(spared, _Spared):
            spared.run()
        return getattr(spared, name)(*values, **options)

    return call


def _plain(module: str, name: str) -> Callable[..., Any]:
    """A function that reads a condition, which may be a formula in unknown sizes. One plainly true or false stays."""
    read = _called_through(module, name)
    return lambda condition, *values, **options: (
        condition if isinstance(condition, bool) else read(condition, *values, **options)
    )


def _sym_eq(one: Any, other: Any) -> Any:
    """Whether sizes are the same, which may be formulas. Plain numbers are compared."""
    sizes = [*one, *other] if isinstance(one, tuple | list) else [one, other]
    plain = all(type(size) is int for size in sizes)
    return tuple(sizes[: len(sizes) // 2]) == tuple(sizes[len(sizes) // 2 :]) if plain else _read_sym_eq(one, other)


def _is_nested_int(size: Any) -> Any:
    """Whether a size is that of a ragged tensor. A plain number is not."""
    return False if type(size) is int else _read_is_nested_int(size)


class _Compiled:
    """Stands for the class of compiled networks: nothing is one."""


GET_ITEM = "torch._dynamo._trace_wrapped_higher_order_op"
SHAPES = "torch.fx.experimental.symbolic_shapes"
GUARDS = ("expect_true", "guard_or_false", "guard_or_true", "guard_size_oblivious")
_read_sym_eq = _called_through(SHAPES, "sym_eq")
_read_is_nested_int = _called_through(SHAPES, "is_nested_int")

SPARED: dict[str, dict[str, Any]] = {
    # The compiler, and through it a computer algebra system: .5 s. The libraries mark functions for it.
    "torch._dynamo": {
        "allow_in_graph": _mark,
        "assume_constant_result": _mark,
        "disable": _mark,
        "eval_frame": SimpleNamespace(OptimizedModule=_Compiled),
    },
    GET_ITEM: {"TransformGetItemToIndex": _called_through(GET_ITEM, "TransformGetItemToIndex")},
    SHAPES: {
        **{name: _plain(SHAPES, name) for name in GUARDS},
        "is_nested_int": _is_nested_int,
        "sym_eq": _sym_eq,
    },
    # Where scipy is installed: .4 s, for losses of object detectors and for schedulers' rarer options.
    "scipy.integrate": {},
    "scipy.optimize": {"linear_sum_assignment": _called_through("scipy.optimize", "linear_sum_assignment")},
    "scipy.stats": {},
}
"""The modules that run when they are used, and what is taken from them before. Times are of a start of 3.3 s."""


class _Spared(ModuleType):
    """A module whose code has not run."""

    def __getattr__(self, name: str) -> Any:
        if name in (stand_ins := SPARED[self.__name__]):
            return stand_ins[name]
        if name.startswith("__"):
            raise AttributeError(name)
        self.run()
        return getattr(self, name)

    def run(self) -> None:
        """Become the module itself."""
        spec = self.__spec__
        assert spec is not None
        assert isinstance(spec.loader, _Postponing)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__loader__ = spec.loader = spec.loader.real
        spec.loader.exec_module(self)


class _Postponing(Loader):
    def __init__(self, real: Loader) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Spared


class _Changing(Loader):
    """Runs a module as ever, then something on it."""

    def __init__(self, real: Loader, change: Callable[[Any], None]) -> None:
        self.create_module = real.create_module  # type: ignore[method-assign]
        self._real, self._change = real, change

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        self._change(module)


class _Finder(MetaPathFinder):
    """Finds the modules of the two tables; and lets what lies in a spared one find it run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in SPARED and name not in CHANGED:
            parent = sys.modules.get(name.rpartition(".")[0])
            if isinstance(parent, _Spared):
                parent.run()
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Postponing(spec.loader) if name in SPARED else _Changing(spec.loader, CHANGED[name])
        return spec


def _make_alone(distributed: Any) -> None:
    """This process is no part of a cluster. The libraries ask, for there are torches that were built without."""
    distributed.is_available = lambda: False


def _draw_nothing_for_shapes(init: Any) -> None:
    """A network is first made of shapes alone ("meta" tensors), then gets its weights: there is nothing to draw
    numbers for, and to find out what numbers they would be, torch imports the computer algebra system."""
    draw = init.normal_

    def normal_(tensor: Any, *values: Any, **options: Any) -> Any:
        return tensor if tensor.is_meta else draw(tensor, *values, **options)

    init.normal_ = normal_


def _name_callers_plainly(utils: Any) -> None:
    """Where a custom operation was defined, for its error messages. To ask `inspect` searches all modules' files."""

    def get_source(stacklevel: int) -> str:
        frame = sys._getframe(stacklevel)
        return f"{frame.f_code.co_filename}:{frame.f_lineno}"

    utils.get_source = get_source


CHANGED: dict[str, Callable[[Any], None]] = {
    "torch._library.utils": _name_callers_plainly,
    "torch.distributed": _make_alone,
    "torch.nn.init": _draw_nothing_for_shapes,
}
"""Modules that are imported as ever, and one function of each changed: .3 s."""


class _Distributions(Mapping[str, list[str]]):
    """Which installed distributions hold a package. Looked up when it is asked for, which it seldom is: .1 s."""

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
