//! Parameters as safetensors, under Keras-like names.
