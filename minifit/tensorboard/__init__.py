"""Event files for TensorBoard, written without TensorFlow and Protocol Buffers."""
