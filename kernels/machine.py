"""Machine code: made of LLVM's text by LLVM, and loaded into this process. Numba is not needed for it.

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
"""The owner of the memory of all loaded code."""


@cache
def name() -> str:
    """Return what code is made for: the processor with its features, and the version of LLVM."""
    return f"{llvm.get_process_triple()} {_processor()} {llvmlite.__version__} {llvm.llvm_version_info}"


def load(codes: Mapping[str, bytes]) -> dict[str, int]:
    """Load object code, and return the addresses of the functions that it is named after."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(*_processor()))
    for code in codes.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return {entry: engine.get_function_address(entry) for entry in codes}


def version() -> int:
    """Return LLVM's version, whose bitcode is read by all later ones."""
    return int(llvm.llvm_version_info[0])


def simplify(entry: str, parts: Iterable[str]) -> bytes:
    """Put modules in LLVM's text together, simplified as for any processor of 64 bits; returns bitcode.

    `entry` is the function that others may call. This works beside Numba in another thread, on LLVM's data of its own.
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
    """Compile bitcode into an object for this processor."""
    target = _target(*_processor())
    module = llvm.parse_bitcode(bitcode, llvm.create_context())
    module.triple, module.data_layout = target.triple, str(target.target_data)
    missing = [each.name for each in module.functions if each.is_declaration and not _known(each.name)]
    if missing:  # LLVM ends the process when it looks for one in vain
        raise NotImplementedError(
            f"Kernels need functions that are not in this process: {', '.join(missing)}"
        )
    return target.emit_object(module)  # type: ignore[no-any-return]


def parse(parts: Iterable[str], context: Any = None) -> Any:
    """Return the module that modules in LLVM's text make together."""
    first, *others = (llvm.parse_assembly(part, context) for part in parts)
    for other in others:
        first.link_in(other)
    return first


def _known(function: str) -> bool:
    _look_in_process()
    return function.startswith("llvm.") or llvm.address_of_symbol(function) is not None


@cache
def _look_in_process() -> None:
    """Let LLVM find what libraries of this process have, such as those of mathematics: an engine that begins does."""
    _engines.append(llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(*_processor())))


def _optimize(module: Any, target: Any) -> None:
    """Optimize a module in which vectors are said outright: no loop becomes one, or is written out several times."""
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
    """Return a new target: an engine owns its own."""
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
    except RuntimeError:  # LLVM does not know them on every system
        features = ""
    return llvm.get_host_cpu_name(), features
