//! A drawing to the 28x28 picture that MNIST would have made of it.
