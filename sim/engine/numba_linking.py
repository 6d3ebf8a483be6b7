"""How rules are compiled: each once, linked into whoever calls it. The only import of numba.

Linking subclasses private parts of numba. It is worth it: a first run takes 48 s instead of 188 s with plain `njit`, later runs 6 ms
instead of 10 (a scenario of 169 towns and 120 days, numba 0.68.1, two cores), with the same events. A numba that lacks one of these parts, or is beyond
the bound of `pyproject.toml`, compiles with plain `njit`."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import pickle
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, models, register_model, unbox
from numba.np.arrayobj import make_array, populate_array

from sim.engine.jit import install_line, report_damaged, report_once
from sim.engine.tables import Daily, Tables, World
from sim.errors import unsupported

MISSING: list[str] = []  # private names of numba that linking uses and that this version lacks


def _private(path: str, *attributes: str) -> Any:
    """Return a private part of numba; `object` if there is none. What is missing goes into `MISSING`."""
    module, _, name = path.rpartition(".")
    try:
        part = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        MISSING.append(path)
        return object
    MISSING.extend(f"{path}.{attribute}" for attribute in attributes if not hasattr(part, attribute))
    return part


JITCodeLibrary: Any = _private(
    "numba.core.codegen.JITCodeLibrary", "finalize", "add_linking_library", "_ensure_finalized", "enable_object_caching"
)

Compiler: Any = _private("numba.core.compiler.Compiler")
_FunctionCompiler: Any = _private("numba.core.dispatcher._FunctionCompiler", "_customize_flags", "_compile_core")
FunctionCache: Any = _private("numba.core.caching.FunctionCache", "load_overload", "save_overload", "_index_key")
UserProvidedCacheLocator: Any = _private("numba.core.caching.UserProvidedCacheLocator", "get_suitable_cache_subpath")
dumps: Any = _private("numba.core.serialize.dumps")


class _Part(JITCodeLibrary):
    """Code of one function, to be linked into whoever calls it from Python; never turned into machine code itself.

    numba links, optimises and emits the whole tree of calls anew at every function of the tree. Here that is done once.
    """

    def finalize(self) -> None:
        self._finalized = True

    def add_linking_library(self, library: Any) -> None:
        self._linking_libraries.append(library)


class _Whole(JITCodeLibrary):
    """Code of a function that Python calls, with all parts that it needs."""

    def add_linking_library(self, library: Any) -> None:
        known = set(self._linking_libraries)
        waiting = [library]
        while waiting:
            part = waiting.pop()
            if part not in known:
                known.add(part)
                self._linking_libraries.append(part)
                waiting += part._linking_libraries if isinstance(part, _Part) else []
                part._ensure_finalized()


def _pipeline(library: Any) -> Any:
    class Pipeline(Compiler):
        def __init__(self, *args: Any, **kws: Any) -> None:
            super().__init__(*args, **kws)
            codegen = self.state.targetctx.codegen()
            self.state.library = library(codegen, self.state.func_id.func_qualname if self.state.func_id else "part")
            self.state.library.enable_object_caching()

    return Pipeline


_PART, _WHOLE = _pipeline(_Part), _pipeline(_Whole)


class _PartCompiler(_FunctionCompiler):
    """Compiles a function as a part; a fresh built-in stands for it in numba's table of functions."""

    def _customize_flags(self, flags: Any) -> Any:
        flags.no_compile = True
        return flags

    def _compile_core(self, args: Any, return_type: Any) -> Any:
        result = super()._compile_core(args, return_type)
        key: Any = [].append
        result.target_context.insert_user_function(key, result.fndesc, [result.library])
        return result._replace(entry_point=key)


class _CodeFiles:
    """Machine code of one function, a file for each signature; numba's own index of such files is done without.

    A file begins with the SHA-256 of its name, of the folder it was written for and of its content, so that a file
    that is cut, changed or another function's is never loaded. Two processes that write at once write the same.
    """

    DIGEST = 32  # bytes

    def __init__(self, folder: str, base: str) -> None:
        self._folder, self._base = Path(folder), base

    def _path(self, key: Any) -> Path:
        return self._folder / f"{self._base}.{hashlib.sha256(repr(key).encode()).hexdigest()[:20]}.nbc"

    def _digest(self, path: Path, content: bytes) -> bytes:
        name = f"{self._folder.parent.name}/{path.name}\0".encode()
        return hashlib.sha256(name + content).digest()

    def load(self, key: Any) -> Any:
        """Return what was saved under a key, or None. OSError or ValueError if its file is damaged."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return None
        content = stored[self.DIGEST :]
        if stored[: self.DIGEST] != self._digest(path, content):
            raise ValueError(f"{path} is damaged")
        return pickle.loads(content)

    def save(self, key: Any, data: Any) -> None:
        """Save data under a key; the file appears when it is whole."""
        path = self._path(key)
        content: bytes = dumps(data)
        draft = path.with_name(f"{path.name}.tmp.{os.getpid()}")
        try:
            draft.write_bytes(self._digest(path, content) + content)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def remove(self, key: Any) -> None:
        """Remove what has the name of a key's file, whatever it is."""
        with suppress(OSError):
            remove(self._path(key))

    def flush(self) -> None:
        """Remove all files of the function; numba calls this if it is told to compile again."""
        for path in self._folder.glob(f"{self._base}.*.nbc"):
            path.unlink(missing_ok=True)


class _Cache(FunctionCache):
    """Keeps machine code. What cannot be read is compiled anew and replaced; what cannot be written is not kept."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _CodeFiles(self._cache_path, self._impl.filename_base)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # what a damaged file gives depends on where it is damaged
            report_damaged(Path(self._cache_path).parent, error)
            self._cache_file.remove(self._index_key(sig, target_context.codegen()))
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _cache_of(function: Callable[..., Any], folder: Path) -> _Cache | None:
    """Return the cache of a function in a folder; None if it cannot be written there."""
    numba.config.CACHE_DIR = str(folder)
    for _attempt in range(2):
        try:
            cache = _Cache(function)
            if Path(cache._cache_path).is_relative_to(folder):
                return cache
            raise RuntimeError(f"{folder} cannot be written")  # numba would keep the code beside the source instead
        except RuntimeError as error:  # numba can write no folder for the function's module
            report_damaged(folder, error)
            with suppress(OSError):
                remove(folder / UserProvidedCacheLocator.get_suitable_cache_subpath(function.__code__.co_filename))
    return None


@functools.cache
def _why_plain() -> str:
    """Return why rules cannot be linked with this numba; empty if they can."""
    if MISSING:
        return f"numba {numba.__version__} lacks {', '.join(MISSING)}; {install_line()}"
    return unsupported("numba")


def compile_rule(function: Callable[..., Any], folder: Path | None) -> Callable[..., Any]:
    """Compile a rule, and keep its machine code in a folder, or nowhere.

    Called from Python the function is compiled whole; called from another compiled function it is a part of that.
    numba would compile a part anew for each constant that is passed to it: constants are widened to numbers first.
    """
    if numba.config.DISABLE_JIT:  # numba's own file of options may say so, too
        return function
    if reason := _why_plain():
        report_once(f"{reason}. Rules are compiled without linking; the first time takes some minutes.")
        numba.config.CACHE_DIR = str(folder or "")
        return numba.njit(cache=folder is not None, nogil=True)(function)
    options: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True}
    whole = numba.njit(pipeline_class=_WHOLE, **options)(function)
    if folder is not None and (cache := _cache_of(function, folder)) is not None:
        whole._cache = cache
    part = numba.njit(no_cpython_wrapper=True, pipeline_class=_PART, **options)(function)
    part._compiler = _PartCompiler(function, part.targetdescr, part.targetoptions, {}, _PART)

    def template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        widened = {name: types.unliteral(kind) for name, kind in kws.items()}
        return part.get_call_template(tuple(map(types.unliteral, args)), widened)

    whole.get_call_template = template
    whole.get_overload = part.get_overload
    return whole


class TablesType(types.Type):
    """A class of tables as compiled code knows it: the address of its list of (address, shape) of arrays.

    A tuple of so many arrays compiles for minutes (numba issue 5953); an address compiles at once.
    """

    def __init__(self, cls: type[Tables]) -> None:
        self.cls = cls
        self.arrays = {
            name: types.Array(numba.from_dtype(kind), dimensions, "C", aligned=True)
            for name, (kind, dimensions) in cls.LAYOUT.items()
        }
        super().__init__(name=f"Tables({cls.__name__})")


_TYPES: dict[type[Tables], TablesType] = {cls: TablesType(cls) for cls in (World, Daily)}


for _class, _kind in _TYPES.items():
    _class._numba_type_ = _kind  # numba looks here before it asks Python, at each call


@register_model(TablesType)
class _TablesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: TablesType) -> None:
        super().__init__(manager, kind, ir.PointerType(cgutils.intp_t))


@unbox(TablesType)
def _unbox(kind: TablesType, value: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(value, "_address")
    native = context.pyapi.long_as_longlong(address)
    context.pyapi.decref(address)
    pointer = context.builder.inttoptr(native, context.context.get_value_type(kind))
    return NativeValue(pointer, is_error=cgutils.is_not_null(context.builder, context.pyapi.err_occurred()))


@infer_getattr
class _TablesAttributes(AttributeTemplate):
    key = TablesType

    def generic_resolve(self, kind: TablesType, name: str) -> Any:
        return kind.arrays.get(name)


@lower_getattr_generic(TablesType)
def _array_of(context: Any, builder: Any, kind: TablesType, value: Any, name: str) -> Any:
    """Build the array header of a table from its entry in the list of addresses; no reference is counted."""
    array_type = kind.arrays[name]
    first = 4 * list(kind.arrays).index(name)

    def entry(i: int) -> Any:
        return builder.load(builder.gep(value, [context.get_constant(types.intp, first + i)]))

    array = make_array(array_type)(context, builder)
    shape = [entry(1 + i) for i in range(array_type.ndim)]
    width = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    strides = [context.get_constant(types.intp, width)]
    for side in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], side))
    data = builder.inttoptr(entry(0), context.get_data_type(array_type.dtype).as_pointer())
    itemsize = context.get_constant(types.intp, width)
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=itemsize, meminfo=None)
    return array._getvalue()
