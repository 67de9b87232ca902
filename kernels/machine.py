"""Machine code: compiled by LLVM from its text form, and loaded into this process, without Numba.

References
----------
LLVM, "MCJIT Design and Implementation": https://llvm.org/docs/MCJITDesignAndImplementation.html
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

_engines: list[Any] = []
"""The LLVM engines, which own the memory of all loaded code."""


@cache
def name() -> str:
    """Return the name of the compile target: the processor with its features, and the version of LLVM."""
    return f"{llvm.get_process_triple()} {_processor()} {llvmlite.__version__} {llvm.llvm_version_info}"


def load(codes: Mapping[str, bytes]) -> dict[str, int]:
    """Load object code, and return the addresses of the functions whose names are the keys."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(*_processor()))
    for code in codes.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return {entry: engine.get_function_address(entry) for entry in codes}


def version() -> int:
    """Return LLVM's version; later versions can read its bitcode."""
    return int(llvm.llvm_version_info[0])


def simplify(entry: str, parts: Iterable[str]) -> bytes:
    """Link modules in LLVM's text form, optimize them for any 64-bit processor, and return bitcode.

    `entry` is the only function that stays visible. The call is safe while Numba runs in another thread, since it uses
    a separate LLVM context.
    """
    target = _target("", "")
    module = parse(parts, llvm.create_context())
    module.triple, module.data_layout = target.triple, str(target.target_data)
    for each in (*module.functions, *module.global_variables):
        if not each.is_declaration and each.name != entry:
            each.linkage = "internal"
    _optimize(module, target)
    return module.as_bitcode()  # type: ignore[no-any-return]


def make(bitcode: bytes) -> bytes:
    """Compile bitcode to object code for this processor."""
    target = _target(*_processor())
    module = llvm.parse_bitcode(bitcode, llvm.create_context())
    module.triple, module.data_layout = target.triple, str(target.target_data)
    missing = [each.name for each in module.functions if each.is_declaration and not _is_defined(each.name)]
    # LLVM would end the process if it could not find a function
    if missing:
        raise NotImplementedError(
            f"Kernels need functions that are not in this process: {', '.join(missing)}"
        )
    return target.emit_object(module)  # type: ignore[no-any-return]


def parse(parts: Iterable[str], context: Any = None) -> Any:
    """Parse modules in LLVM's text form and link them into one."""
    first, *others = (llvm.parse_assembly(part, context) for part in parts)
    for other in others:
        first.link_in(other)
    return first


def _is_defined(function: str) -> bool:
    _load_symbols()
    return function.startswith("llvm.") or llvm.address_of_symbol(function) is not None


@cache
def _load_symbols() -> None:
    """Make the symbols of this process's libraries, such as the math library, known to LLVM: a new engine does that."""
    _engines.append(llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(*_processor())))


def _optimize(module: Any, target: Any) -> None:
    """Optimize a module whose vector instructions are explicit: loops are neither vectorized nor unrolled."""
    if hasattr(llvm, "create_pass_builder"):
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_vectorization = options.slp_vectorization = False
        options.loop_unrolling = options.loop_interleaving = False
        builder = llvm.create_pass_builder(target, options)
        builder.getModulePassManager().run(module, builder)
        return
    passes, builder = llvm.create_module_pass_manager(), llvm.create_pass_manager_builder()
    builder.opt_level, builder.inlining_threshold = 2, 225
    target.add_analysis_passes(passes)
    builder.populate(passes)
    passes.run(module)


def _target(processor: str, features: str) -> Any:
    """Return a new target, since every engine takes ownership of one."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple = llvm.get_process_triple()
    reloc = "static" if triple.startswith(("x86", "i686", "amd64")) else "default"
    return llvm.Target.from_triple(triple).create_target_machine(
        processor, features, opt=2, reloc=reloc, codemodel="jitdefault", jit=True
    )


@cache
def _processor() -> tuple[str, str]:
    try:
        features = llvm.get_host_cpu_features().flatten()
    # LLVM cannot detect them on every system
    except RuntimeError:
        features = ""
    return llvm.get_host_cpu_name(), features
