"""`Strategy`: how a model is trained, by one worker or several.

What is made in the `scope` of a strategy is trained by its workers. Each of them runs the same program. `fit`,
`evaluate` and `predict` need no more than that; a loop written by hand takes each step by `run`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minifit import nest
from minifit.distribute.agreeing import agree_on_random_numbers, arrays_of_all, sums_of_all
from minifit.distribute.inputs import DatasetsFromFunction, DistributedDataset, InputContext
from minifit.distribute.options import ReduceOp
from minifit.errors import ArgumentError
from minifit.kernels import reference
from minifit.tensor import Context, Tensor, constant, current, to_array
from minifit.workers import ALONE, Share, Workers, working


class Strategy:
    """The training by one worker: the strategy that counts where there is no other, and the base of all.

    Parameters
    ----------
    workers : Workers
        Those that train together.

    Attributes
    ----------
    num_replicas_in_sync : int
        How many workers train together.
    cluster_resolver : ClusterResolver or None
        The cluster, and the place of this worker in it.

    References
    ----------
    ``tf.distribute.Strategy`` (TensorFlow 2.7).
    """

    cluster_resolver: Any = None

    def __init__(self, workers: Workers = ALONE) -> None:
        self.workers = workers
        self._share: Share | None = None  # of the batch that was handed out last

    def __copy__(self) -> "Strategy":
        return self

    def __deepcopy__(self, _: object) -> "Strategy":
        return self

    def __reduce__(self) -> Any:
        """For pickle: what is brought back belongs to no job."""
        return _default_strategy, ()

    @property
    def is_default(self) -> bool:
        """True for the strategy outside of any scope."""
        return self is _DEFAULT

    @property
    def num_replicas_in_sync(self) -> int:
        """The number of workers that train together."""
        return self.workers.size

    @property
    def extended(self) -> "Extended":
        """The part that TensorFlow keeps for those who write strategies."""
        return Extended(self)

    # -- scopes -----------------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Iterator["Strategy"]:
        """Have models, variables and metrics that are made in this block trained by the workers of the strategy.

        All workers enter it, and go on with the random numbers of the chief, so that they make the same.

        Raises
        ------
        ArgumentError
            In the scope of another strategy.
        """
        if self._entered_already():
            yield self
            return
        with self.workers.together("strategy.scope"):
            agree_on_random_numbers(self.workers)
        with self.active():
            yield self

    @contextmanager
    def active(self) -> Iterator[None]:
        """Be the current strategy as long as the block runs."""
        if self._entered_already():
            yield
            return
        token = _current.set(self)
        try:
            with working(self.workers):
                yield
        finally:
            _current.reset(token)

    def _entered_already(self) -> bool:
        now = _current.get()
        if now is not None and now is not self:
            raise ArgumentError(
                "A scope lies in no scope of another strategy. Received: that of "
                f"{type(self).__name__} within that of {type(now).__name__}. Leave the outer one first."
            )
        return now is self

    # -- a loop written by hand -------------------------------------------------------------------------

    def run(
        self, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Any = None, options: Any = None
    ) -> Any:
        """Call a function on every worker, with its rows of the batch.

        Within it `apply_gradients` adds the gradients of all workers up, and metrics that were made in the scope take
        in what those of all workers do.

        Parameters
        ----------
        fn : callable
        args : tuple
            Batches are those that a distributed data set hands out.
        kwargs : dict, optional
        options : RunOptions, optional
            Accepted as in TensorFlow; they say how XLA compiles.

        Returns
        -------
        object
            What the function returns on this worker. Where a batch has fewer rows than there are workers, one without
            rows is handed one that counts for nothing: the numbers that it returns are zeros.
        """
        self._need_cross_replica("run")
        arguments: Mapping[str, Any] = kwargs or {}
        if self.workers.size == 1:
            with self.active(), _in_replica(ReplicaContext(self)):
                return fn(*args, **arguments)
        share = self._share_of((args, dict(arguments)))
        context = Context(reference)
        context.workers, context.share = self.workers, share
        with (
            self.workers.together("strategy.run"),
            self.active(),
            sums_of_all(self.workers, share.rows > 0),
            _in_replica(ReplicaContext(self)),
            context,
        ):
            returned = fn(*args, **arguments)
        return returned if share.rows else nest.map_leaves(_zeros, returned)

    def _share_of(self, arguments: Any) -> Share:
        """Return the share of the batch that is among the arguments; else one row for each worker."""
        share = self._share
        if share is not None and any(_rows(leaf) == share.held for leaf in nest.flatten(arguments)):
            return share
        return Share(self.workers.rank, 1, self.workers.size)

    def _hand_out(self, share: Share) -> None:
        self._share = share

    def reduce(self, reduce_op: Any, value: Any, axis: int | None) -> Any:
        """Return one value for those of all workers.

        Parameters
        ----------
        reduce_op : ReduceOp or str
            "SUM" or "MEAN".
        value : tensor or number, nested
            What `run` returned on this worker.
        axis : int or None
            Along it the numbers of each worker are added up or averaged, too; None for none.

        Returns
        -------
        Tensor
            The same on all workers.
        """
        self._need_cross_replica("reduce")
        op = ReduceOp.from_name(reduce_op)
        return nest.map_leaves(lambda leaf: self._reduced(op, leaf, axis), value)

    def _reduced(self, op: ReduceOp, value: Any, axis: int | None) -> Any:
        array = to_array(value)
        if axis is not None and not -array.ndim <= axis < array.ndim:
            raise ArgumentError(
                f"axis is one of the value's, or None. Received: axis={axis} for a value of shape {array.shape}. "
                "Pass None for a value without axes."
            )
        numbers = array if axis is None else array.sum(axis, dtype=array.dtype)
        count = 1 if axis is None else array.shape[axis]
        whole, counts = zip(*self._of_all([numbers, np.array(count)]), strict=True)
        total: Any = sum(whole[1:], start=whole[0])
        if op is ReduceOp.MEAN:
            total = (total / sum(map(int, counts))).astype(array.dtype)
        return constant(np.asarray(total))

    def gather(self, value: Any, axis: int) -> Tensor:
        """Return the values of all workers, one behind the other along an axis."""
        self._need_cross_replica("gather")
        return constant(np.concatenate([each[0] for each in self._of_all([to_array(value)])], axis))

    def _of_all(self, arrays: list[Any]) -> list[list[Any]]:
        if self.workers.size == 1:
            return [arrays]
        with self.workers.together("strategy.reduce"):
            return arrays_of_all(self.workers, arrays)

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """Return the values of the replicas in this process: the one value."""
        return (value,)

    # -- data -------------------------------------------------------------------------------------------

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> DistributedDataset:
        """Return a data set of which each worker is handed its rows of every batch.

        Parameters
        ----------
        dataset : Dataset, or another iterable of batches
            The same on all workers; its batches are the global ones.
        options : InputOptions, optional
            Accepted as in TensorFlow; they say how batches get to devices.
        """
        return DistributedDataset(self.workers, dataset, self._hand_out)

    def distribute_datasets_from_function(
        self, dataset_fn: Callable[[InputContext], Any], options: Any = None
    ) -> DatasetsFromFunction:
        """Return the data that a function makes for each worker by itself.

        Parameters
        ----------
        dataset_fn : callable
            Takes an `InputContext`, and returns an iterable of batches in the size of one worker's share.
        options : InputOptions, optional
            Accepted as in TensorFlow; they say how batches get to devices.
        """
        return DatasetsFromFunction(self.workers, dataset_fn(self._input_context()), self._hand_out)

    experimental_distribute_datasets_from_function = distribute_datasets_from_function

    def experimental_distribute_values_from_function(self, value_fn: Callable[[Any], Any]) -> Any:
        """Return what a function makes for this worker from its place among all (``value_fn(context)``)."""
        return value_fn(ValueContext(self.workers.rank, self.workers.size))

    def _input_context(self) -> InputContext:
        return InputContext(self.workers.size, self.workers.rank, self.workers.size)

    def _need_cross_replica(self, method: str) -> None:
        if _replica.get() is not None:
            raise ArgumentError(
                f"{method} is called outside of what run calls. Received: a call within. "
                "Use get_replica_context().all_reduce there."
            )


class ValueContext:
    """The place of a worker among all, for a function that makes values.

    Attributes
    ----------
    replica_id_in_sync_group, num_replicas_in_sync : int
    """

    def __init__(self, replica_id_in_sync_group: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.replica_id_in_sync_group = replica_id_in_sync_group
        self.num_replicas_in_sync = num_replicas_in_sync


class ReplicaContext(ValueContext):
    """The other workers, as a function sees them that `Strategy.run` calls.

    Parameters
    ----------
    strategy : Strategy

    References
    ----------
    ``tf.distribute.ReplicaContext`` (TensorFlow 2.7).
    """

    def __init__(self, strategy: Strategy) -> None:
        super().__init__(strategy.workers.rank, strategy.workers.size)
        self.strategy = strategy

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """Return the sum or mean of the values of all workers, on each; gradients flow back through it."""
        mean = ReduceOp.from_name(reduce_op) is ReduceOp.MEAN
        return nest.map_leaves(lambda leaf: self._all_reduced(mean, leaf), value)

    def _all_reduced(self, mean: bool, value: Any) -> Tensor:
        given = value if isinstance(value, Tensor) else Tensor(value)
        return current().result(
            self._sum(given.value, mean), lambda gradient: [self._sum(gradient, mean)], given
        )

    def _sum(self, array: Any, mean: bool) -> Any:
        everyone = [each[0] for each in arrays_of_all(self.strategy.workers, [array])]
        total = sum(everyone[1:], start=everyone[0])
        return (total / len(everyone)).astype(array.dtype) if mean else total

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        """Return the values of all workers, one behind the other along an axis, on each. They are constants."""
        return nest.map_leaves(
            lambda leaf: constant(
                np.concatenate(
                    [each[0] for each in arrays_of_all(self.strategy.workers, [to_array(leaf)])], axis
                )
            ),
            value,
        )

    def merge_call(self, merge_fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        """Return what a function returns for the strategy and these arguments, called as outside of `run`."""
        with _in_replica(None):
            return merge_fn(self.strategy, *args, **(kwargs or {}))


class Extended:
    """The part of TensorFlow's strategies that programs look at beside the strategy itself.

    Attributes
    ----------
    should_checkpoint, should_save_summary : bool
        True for the chief.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.should_checkpoint = self.should_save_summary = strategy.workers.chief


_current: ContextVar[Strategy | None] = ContextVar("minifit_strategy", default=None)
_replica: ContextVar[ReplicaContext | None] = ContextVar("minifit_replica", default=None)
_DEFAULT = Strategy()


def _default_strategy() -> Strategy:
    return _DEFAULT


@contextmanager
def _in_replica(replica: ReplicaContext | None) -> Iterator[None]:
    token = _replica.set(replica)
    try:
        yield
    finally:
        _replica.reset(token)


def get_strategy() -> Strategy:
    """Return the strategy whose scope this is; the one for a single worker outside of any."""
    return _current.get() or _DEFAULT


def has_strategy() -> bool:
    """Return whether this is the scope of a strategy."""
    return _current.get() is not None


def get_replica_context() -> ReplicaContext | None:
    """Return the place among the workers, within what `Strategy.run` calls and outside of any scope; else None."""
    replica = _replica.get()
    return ReplicaContext(_DEFAULT) if replica is None and not has_strategy() else replica


def in_cross_replica_context() -> bool:
    """Return whether this is a scope, and not within what `Strategy.run` calls."""
    return get_replica_context() is None


def _rows(leaf: Any) -> int | None:
    shape = np.shape(leaf)
    return shape[0] if shape else None


def _zeros(leaf: Any) -> Any:
    """Return zeros for numbers, anything else as it is."""
    if isinstance(leaf, Tensor):
        return constant(np.zeros_like(leaf.value))
    if isinstance(leaf, np.ndarray | np.generic):
        return np.zeros_like(leaf)
    return type(leaf)(0) if isinstance(leaf, int | float) and not isinstance(leaf, bool) else leaf
