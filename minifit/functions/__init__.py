"""TensorFlow's functions of tensors, with its names, arguments and results, beside those of `minifit.ops`.

Programs reach them through the stand-in. Most are built from ops and so have gradients and work in graphs and compiled
programs. The few others have their gradient rules beside them.
"""
