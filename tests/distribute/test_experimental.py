import pytest

from minifit.distribute import MultiWorkerMirroredStrategy, multi_worker
from minifit.distribute.experimental import CollectiveCommunication
from minifit.distribute.experimental import MultiWorkerMirroredStrategy as Older
from minifit.errors import ArgumentError
from minifit.workers import ALONE


def test_the_older_name_with_the_older_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_worker, "all_processes", lambda: ALONE)
    assert isinstance(Older(CollectiveCommunication.AUTO), MultiWorkerMirroredStrategy)
    with pytest.raises(ArgumentError, match="MPI chooses how workers add up"):
        Older(CollectiveCommunication.RING)
