"""The one place that knows how Numba compiles: the decorators that make instructions of Python functions.

Numba reads a function, finds its types and writes it down for LLVM. Its usual way does more, for others: wrappers for
Python, counts of references, a round of LLVM for every function that is called, vectors made of loops. Here a function
goes through the stages that it needs, its parts are put together, and LLVM compiles them once.
"""

import dis
import gc
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar

from llvmlite import ir
from numba import types
from numba.core import cgutils, codegen, compiler, cpu, typed_passes, untyped_passes
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager
from numba.core.registry import cpu_target
from numba.core.typing import Context, signature
from numba.extending import intrinsic

from minifit.kernels import machine

Function = TypeVar("Function", bound=Callable[..., Any])


class Instruction:
    """A function of whole numbers that a program calls by its address: compiled by itself when it is first needed.

    Parameters
    ----------
    function : callable
        Takes the addresses of a row and of a frame, and returns whether to go on: see `minifit.kernels.program`.
    name : str
        The name by which programs call it.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.name, self.function = name, function

    def lower(self) -> list[str]:
        """Return the instruction as LLVM's text, in parts: see `machine.make`."""
        arguments = (types.int64,) * len(inspect.signature(self.function).parameters)
        with global_compiler_lock, _without_collecting():
            part = _lower(self.function, arguments, types.int64)
            return [_entry(self.name, part), *part.library.texts()]


def instruction(function: Callable[..., Any]) -> Instruction:
    """Make an instruction of a function of the addresses of a row and of a frame."""
    return Instruction(function, function.__name__)


def jit_inner(function: Function) -> Function:
    """Let instructions call a function: it becomes a part of them, with the types that they call it with."""
    parts: dict[tuple[Any, ...], _Part] = {}

    def typed(_: Any, *given: Any) -> tuple[Any, Callable[..., Any]]:
        part = parts.get(given)
        if part is None:
            part = parts[given] = _lower(function, given)

        def generate(context: Any, builder: Any, __: Any, values: Any) -> Any:
            context.active_code_library.add_linking_library(part.library)
            return _call(context, builder, part, values)

        return part.signature, generate

    typed.__name__, typed.__doc__ = function.__name__, function.__doc__
    names = ["_", *inspect.signature(function).parameters]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    vars(typed)["__signature__"] = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return intrinsic(typed)


class _Library(codegen.JITCodeLibrary):
    """The text of a function for LLVM, and the libraries of those that it calls; nothing is compiled yet."""

    def __init__(self, codegen_: Any, name: str) -> None:
        codegen.CodeLibrary.__init__(self, codegen_, name)
        self._linking_libraries: list[Any] = []
        self._texts: list[str] = []

    def add_ir_module(self, ir_module: Any) -> None:
        """Add the text of a module."""
        self._texts.append(cgutils.normalize_ir_text(str(ir_module)))

    def add_linking_library(self, library: Any) -> None:
        """Add a library that this one calls."""
        # Numba's own run time counts references; there are none
        if library.name != "nrt":
            self._linking_libraries.append(library)

    def finalize(self) -> None:
        """Put it all together, for a function that Numba compiles in its usual way, as tests do."""
        self._final_module = machine.parse(self.texts())
        self._shared_module, self._finalized = None, True

    def texts(self) -> Iterator[str]:
        """Return the text of this library and of all that it calls, each once."""
        seen: dict[int, Any] = {}
        waiting = [self]
        while waiting:
            library = waiting.pop()
            if id(library) not in seen:
                seen[id(library)] = library
                waiting += library._linking_libraries
        for library in seen.values():
            yield from (
                library._texts if isinstance(library, _Library) else [str(library._get_module_for_linking())]
            )


class _Codegen(codegen.JITCPUCodegen):
    _library_class = _Library


class _Stages(compiler.CompilerBase):
    """The stages of Numba that a function goes through."""

    def define_pipelines(self) -> list[Any]:
        """Return the stages: read it, name every value once, find the types, write it down for LLVM."""
        stages = PassManager("instruction")
        for stage in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.GenericRewrites,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.IRLegalization,
            typed_passes.NativeLowering,
        ):
            stages.add_pass(stage, stage.__name__)
        stages.finalize()
        return [stages]


class _Part(NamedTuple):
    """A function, written down for LLVM with certain types."""

    library: _Library
    description: Any
    signature: Any


def _lower(function: Callable[..., Any], arguments: tuple[Any, ...], returns: Any = None) -> _Part:
    """Write a function down for LLVM, with these types."""
    if any(step.opname == "RAISE_VARARGS" for step in dis.get_instructions(function)):
        raise NotImplementedError(
            f"A kernel cannot raise. Received: {function.__name__}. Let it return at.REFUSE."
        )
    flags = compiler.Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.error_model = "numpy"
    target = _target()
    library = target.codegen().create_library(function.__name__)
    lowered = compiler.compile_extra(
        target.typing_context, target, function, arguments, returns, flags, {}, library, _Stages
    )
    found = lowered.fndesc
    return _Part(library, found, signature(found.restype, *found.argtypes))


class _Typing(Context):
    """Numba's types of functions, each found once: an operator has dozens to choose from."""

    found: dict[Any, Any]

    def load_additional_registries(self) -> None:
        """Have what the usual one has."""

    def resolve_function_type(self, func: Any, args: Any, kws: Any) -> Any:
        """Return the types of a call."""
        if kws:
            return super().resolve_function_type(func, args, kws)
        types_of = self.found.get((func, args))
        if types_of is None:
            types_of = self.found[func, args] = super().resolve_function_type(func, args, kws)
        return types_of


class _Target(cpu.CPUContext):
    """Numba's description of this machine, with libraries of our own."""

    sizes: dict[Any, int]

    def load_additional_registries(self) -> None:
        """Look for what is new where the usual one has looked."""
        for registry in self._registries:
            self.install_registry(registry)

    def get_abi_sizeof(self, ty: Any) -> int:
        """Return the bytes of a type; LLVM, which may be busy with another instruction, is asked once."""
        if ty not in self.sizes:
            self.sizes[ty] = super().get_abi_sizeof(ty)
        return self.sizes[ty]


@cache
def _target() -> Any:
    """Return the target that instructions are written down for."""
    usual = cpu_target.target_context
    usual.refresh()
    typing, target = _Typing.__new__(_Typing), _Target.__new__(_Target)
    typing.__dict__ |= vars(usual.typing_context) | {"found": {}}
    target.__dict__ |= vars(usual) | {"typing_context": typing, "sizes": {}, "cached_internal_func": {}}
    target._internal_codegen = _Codegen("minifit")
    return target


def _entry(name: str, part: _Part) -> str:
    """Return the text of a function as C has them, around Numba's."""
    target, kinds = _target(), part.signature.args
    module = target.codegen()._create_empty_module(name)
    whole = ir.IntType(64)
    entry = ir.Function(module, ir.FunctionType(whole, [whole] * len(kinds)), name)
    builder = ir.IRBuilder(entry.append_basic_block())
    builder.ret(_call(target, builder, part, entry.args))
    return cgutils.normalize_ir_text(str(module))


def _call(target: Any, builder: Any, part: _Part, values: Any) -> Any:
    """Call a part. It also returns whether it has raised, which none does."""
    return target.call_internal_no_propagate(builder, part.description, part.signature, values)[1]


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Leave garbage where it is: Numba makes millions of small objects, none of which is any yet."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
