"""The formats of Keras 3, ``.keras`` and ``.weights.h5``, and all that differs between it and tf.keras 2.7."""
