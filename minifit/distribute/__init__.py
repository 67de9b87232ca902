"""Several workers that train one model together, under the names of ``tf.distribute``."""
