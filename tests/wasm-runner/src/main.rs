//! wasm-bindgen's test runner as a program of the workspace, so that its version is the library's.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
