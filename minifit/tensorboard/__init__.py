"""Event files: what TensorBoard reads, written without TensorFlow and Protocol Buffers."""
