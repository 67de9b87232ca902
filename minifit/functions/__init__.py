"""Functions of tensors as TensorFlow has them: its names, arguments and results, beside those of `minifit.ops`.

Programs reach them through the stand-in. Most are made of the ops, so that gradients, graphs of symbols and compiled
programs come with them; the few that are not have their gradient rule beside them.
"""
