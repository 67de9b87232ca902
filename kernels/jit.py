"""The decorators that turn Python functions into instructions, through Numba's compiler.

Numba reads a function, infers its types and lowers it to LLVM. Its usual pipeline does more that is not needed here:
wrappers for Python, reference counts, an LLVM pass for every called function, vectorized loops. Here a function runs
through only the stages it needs, its parts are linked, and LLVM compiles them once.
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
    """A function of integers that a program calls by its address, compiled separately when it is first needed.

    Parameters
    ----------
    function : callable
        Takes the addresses of a row and of a frame, and returns a status: see `minifit.kernels.program`.
    name : str
        The name that programs use.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.name, self.function = name, function

    def lower(self) -> list[str]:
        """Return the instruction in LLVM's text form, as several modules: see `machine.simplify`."""
        arguments = (types.int64,) * len(inspect.signature(self.function).parameters)
        with global_compiler_lock, _without_collecting():
            part = _lower(self.function, arguments, types.int64)
            return [_entry(self.name, part), *part.library.texts()]


def instruction(function: Callable[..., Any]) -> Instruction:
    """Make an instruction from a function of the addresses of a row and of a frame."""
    return Instruction(function, function.__name__)


def jit_inner(function: Function) -> Function:
    """Make a function callable from instructions, which include it, lowered for the types of their arguments."""
    parts: dict[tuple[Any, ...], _Part] = {}

    def typed(_: Any, *kinds: Any) -> tuple[Any, Callable[..., Any]]:
        part = parts.get(kinds)
        if part is None:
            part = parts[kinds] = _lower(function, kinds)

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
    """A function in LLVM's text form, with the libraries of the functions it calls; nothing is compiled yet."""

    def __init__(self, codegen_: Any, name: str) -> None:
        codegen.CodeLibrary.__init__(self, codegen_, name)
        self._linking_libraries: list[Any] = []
        self._texts: list[str] = []

    def add_ir_module(self, ir_module: Any) -> None:
        """Add a module in text form."""
        self._texts.append(cgutils.normalize_ir_text(str(ir_module)))

    def add_linking_library(self, library: Any) -> None:
        """Add a library that this one calls."""
        # Numba's runtime counts references, which instructions do not have
        if library.name != "nrt":
            self._linking_libraries.append(library)

    def finalize(self) -> None:
        """Link all modules, for functions that Numba compiles in its usual way, as tests do."""
        self._final_module = machine.parse(self.texts())
        self._shared_module, self._finalized = None, True

    def texts(self) -> Iterator[str]:
        """Yield the modules of this library and of all libraries it calls, each once."""
        visited: dict[int, Any] = {}
        waiting = [self]
        while waiting:
            library = waiting.pop()
            if id(library) not in visited:
                visited[id(library)] = library
                waiting += library._linking_libraries
        for library in visited.values():
            yield from (
                library._texts if isinstance(library, _Library) else [str(library._get_module_for_linking())]
            )


class _Codegen(codegen.JITCPUCodegen):
    _library_class = _Library


class _Stages(compiler.CompilerBase):
    """The stages of Numba's compiler that an instruction needs."""

    def define_pipelines(self) -> list[Any]:
        """Return the stages: read the bytecode, rewrite to SSA form, infer the types, lower to LLVM."""
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
    """A function lowered to LLVM for certain argument types."""

    library: _Library
    description: Any
    signature: Any


def _lower(function: Callable[..., Any], arguments: tuple[Any, ...], returns: Any = None) -> _Part:
    """Lower a function to LLVM for these types."""
    if any(step.opname == "RAISE_VARARGS" for step in dis.get_instructions(function)):
        raise NotImplementedError(
            f"A kernel cannot raise. Received: {function.__name__}. Return at.REFUSE instead."
        )
    flags = compiler.Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.error_model = "numpy"
    target = _target()
    library = target.codegen().create_library(function.__name__)
    lowered = compiler.compile_extra(
        target.typing_context, target, function, arguments, returns, flags, {}, library, _Stages
    )
    description = lowered.fndesc
    return _Part(library, description, signature(description.restype, *description.argtypes))


class _Typing(Context):
    """Numba's typing context with a cache of resolved calls, since an operator has dozens of overloads."""

    resolved: dict[Any, Any]

    def load_additional_registries(self) -> None:
        """Load nothing: the registries of the usual context are copied."""

    def resolve_function_type(self, func: Any, args: Any, kws: Any) -> Any:
        """Return the signature of a call."""
        if kws:
            return super().resolve_function_type(func, args, kws)
        resolved = self.resolved.get((func, args))
        if resolved is None:
            resolved = self.resolved[func, args] = super().resolve_function_type(func, args, kws)
        return resolved


class _Target(cpu.CPUContext):
    """Numba's target context, with the libraries of this file and a cache of type sizes."""

    sizes: dict[Any, int]

    def load_additional_registries(self) -> None:
        """Install what the registries of the usual context have gained since."""
        for registry in self._registries:
            self.install_registry(registry)

    def get_abi_sizeof(self, ty: Any) -> int:
        """Return the size of a type in bytes, asking LLVM only once, since it may be busy with another instruction."""
        if ty not in self.sizes:
            self.sizes[ty] = super().get_abi_sizeof(ty)
        return self.sizes[ty]


@cache
def _target() -> Any:
    """Return the target context for instructions."""
    usual = cpu_target.target_context
    usual.refresh()
    typing, target = _Typing.__new__(_Typing), _Target.__new__(_Target)
    typing.__dict__ |= vars(usual.typing_context) | {"resolved": {}}
    target.__dict__ |= vars(usual) | {"typing_context": typing, "sizes": {}, "cached_internal_func": {}}
    target._internal_codegen = _Codegen("minifit")
    return target


def _entry(name: str, part: _Part) -> str:
    """Return the text form of a function with C's calling convention that calls Numba's."""
    target, kinds = _target(), part.signature.args
    module = target.codegen()._create_empty_module(name)
    whole = ir.IntType(64)
    entry = ir.Function(module, ir.FunctionType(whole, [whole] * len(kinds)), name)
    builder = ir.IRBuilder(entry.append_basic_block())
    builder.ret(_call(target, builder, part, entry.args))
    return cgutils.normalize_ir_text(str(module))


def _call(target: Any, builder: Any, part: _Part, values: Any) -> Any:
    """Call a part and drop its error status, since instructions do not raise."""
    return target.call_internal_no_propagate(builder, part.description, part.signature, values)[1]


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Disable the garbage collector: Numba makes millions of small objects that are all still in use."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
