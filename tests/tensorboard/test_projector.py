"""The projector's files."""

from pathlib import Path

import numpy as np

from minifit.tensorboard.projector import Table, write_config, write_table


def test_a_table_has_every_digit(tmp_path: Path) -> None:
    table = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    write_table(str(tmp_path / "a" / "t.tsv"), table)
    lines = (tmp_path / "a" / "t.tsv").read_text(encoding="utf-8").splitlines()
    np.testing.assert_array_equal(np.array([line.split("\t") for line in lines], np.float32), table)


def test_the_configuration(tmp_path: Path) -> None:
    write_config(str(tmp_path), [Table("a/embeddings", 'train/"a".tsv', "ä.tsv"), Table("b", "b.tsv")])
    assert (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8") == (
        'embeddings {\n  tensor_name: "a/embeddings"\n  tensor_path: "train/\\"a\\".tsv"\n  metadata_path: "ä.tsv"\n}\n'
        'embeddings {\n  tensor_name: "b"\n  tensor_path: "b.tsv"\n}\n'
    )
