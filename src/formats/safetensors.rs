//! A safetensors file with what is said of its network in `__metadata__`.
//!
//! | key | value |
//! | --- | --- |
//! | `architecture` | the layers in their [notation](crate::config::notation) |
//! | `settings` | those of its training, as in a link |
//! | `name` | whose weights they are |
//! | `test_accuracy` | share of the test images that it reads right, 0 to 1 |
//! | `origin` | the address of the page |
//!
//! Beside the parameters it may have what training goes on from: `training/steps`, the minibatches so far, and for each
//! parameter, under its name, `training/momentum/`, `training/velocity/` (Adam has both, SGD the first and RMSprop the
//! second, as in Keras) and `training/parameters/`, the parameters themselves where the file's are their average.
//!
//! Only `architecture` has to be there, and not for the ready-made networks, which are known by their tensors.

use crate::checkpoint::{self, CheckpointError, TrainingState};
use crate::config::{Architecture, ArchitectureError, Form, MOST_LAYERS, NetworkPreset};
use crate::net::Plan;
use crate::protocol::NetworkInfo;

/// The most characters of a name.
const NAME: usize = 60;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is damaged, or its tensors are not the network's.
    #[error(transparent)]
    Weights(#[from] CheckpointError),
    /// It does not say of which layers.
    #[error(
        "it does not say which layers its tensors belong to; “architecture” in its metadata should"
    )]
    Unsaid,
    /// Its layers are none.
    #[error("its metadata describe a network that cannot be read: {0}")]
    Notation(#[from] crate::config::notation::NotationError),
    /// Its layers make no network.
    #[error("its metadata describe a network that cannot be built: {0}")]
    Architecture(#[from] ArchitectureError),
    /// More layers than the page can edit.
    #[error("its network has {0} layers, more than {MOST_LAYERS}")]
    Layers(usize),
    /// A network for images of another size.
    #[error("its network reads other images than the page's, which are 28x28 and have one channel")]
    Input,
}

/// Writes a network.
///
/// # Errors
/// If the weights do not fit it.
pub fn write(
    info: &NetworkInfo,
    plan: &Plan,
    parameters: &[f32],
) -> Result<Vec<u8>, CheckpointError> {
    write_run(info, plan, parameters, None)
}

/// As [`write()`], with what training goes on from, which the Python scripts read.
///
/// # Errors
/// As [`write()`].
pub fn write_run(
    info: &NetworkInfo,
    plan: &Plan,
    parameters: &[f32],
    state: Option<TrainingState<'_>>,
) -> Result<Vec<u8>, CheckpointError> {
    checkpoint::save_with(plan, parameters, Some(metadata(info).into_iter().collect()), state)
}

/// What the file says, as keys and values.
pub(super) fn metadata(info: &NetworkInfo) -> Vec<(String, String)> {
    let (form, _) = Form::from_hash(&info.settings);
    let accuracy = info.test_accuracy.map_or_else(String::new, |accuracy| accuracy.to_string());
    [
        ("architecture", form.settings.architecture.to_string()),
        ("settings", info.settings.clone()),
        ("name", info.name.clone()),
        ("test_accuracy", accuracy),
        ("origin", info.origin.clone()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// Reads a network that the page can use, and what is said of it.
///
/// # Errors
/// Says what is wrong with any other file.
pub fn read(bytes: &[u8]) -> Result<(NetworkInfo, Vec<f32>), OpenError> {
    let said = checkpoint::metadata(bytes)?;
    let (architecture, parameters) = match said.get("architecture") {
        Some(notation) => {
            let architecture: Architecture = notation.parse()?;
            let parameters = checkpoint::load(bytes, &plan(&architecture)?)?;
            (architecture, parameters)
        }
        None => ready_made(bytes)?,
    };
    let say = |key: &str| said.get(key).map_or("", String::as_str);
    let (told, _) = Form::from_hash(say("settings"));
    let mut form = Form { start: told.start, ..Form::of(&told.settings) };
    form.settings.architecture = architecture;
    let accuracy = say("test_accuracy").parse().ok();
    let info = NetworkInfo {
        name: say("name").chars().filter(|c| !c.is_control()).take(NAME).collect(),
        settings: form.to_hash(),
        origin: say("origin").to_owned(),
        test_accuracy: accuracy.filter(|accuracy| (0.0..=1.0).contains(accuracy)),
    };
    Ok((info, parameters))
}

fn plan(architecture: &Architecture) -> Result<Plan, OpenError> {
    if architecture.layers.len() > MOST_LAYERS {
        return Err(OpenError::Layers(architecture.layers.len()));
    }
    if architecture.input != Architecture::default().input {
        return Err(OpenError::Input);
    }
    Ok(Plan::new(architecture)?)
}

/// The ready-made network to which the file's tensors belong.
fn ready_made(bytes: &[u8]) -> Result<(Architecture, Vec<f32>), OpenError> {
    for preset in &NetworkPreset::ALL {
        let architecture = preset.architecture();
        match checkpoint::load(bytes, &plan(&architecture)?) {
            Ok(parameters) => return Ok((architecture, parameters)),
            Err(error @ (CheckpointError::NotFinite(_) | CheckpointError::Type { .. })) => {
                return Err(error.into());
            }
            Err(_) => {}
        }
    }
    Err(OpenError::Unsaid)
}
