//! A model is data.
