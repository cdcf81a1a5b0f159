//! The network: what the front end saw in, the probability that the turn is complete out.

use std::path::Path;

use ort::{
    session::{RunOptions, Session},
    value::{TensorElementType, TensorRef, ValueType},
};
use providers_core::{ErrorKind, ProviderError};

use crate::{
    FRAMES, FrontEnd, MELS, PROVIDER, SAMPLES,
    error::SmartTurnError,
    pool::{Judge, Stop},
    runtime::Runtime,
};

/// What one thread judges with.
pub(crate) struct Model {
    session: Session,
    front: FrontEnd,
    features: Box<[f32; MELS * FRAMES]>,
}

impl Model {
    /// A model out of the bytes of the file `path`, which names it in errors. It judges silence once, so that a model of
    /// something else is noticed here and the first pause does not pay for what is made at first use.
    pub(crate) fn new(runtime: &Runtime, path: &Path, bytes: &[u8]) -> Result<Self, SmartTurnError> {
        let refused = |said: String| SmartTurnError::ModelRefused { path: path.to_owned(), said };
        let session = session(runtime, bytes).map_err(|error| refused(error.to_string()))?;
        check_shape(&session).map_err(|what| SmartTurnError::ModelOther { path: path.to_owned(), what })?;
        let mut model = Self { session, front: FrontEnd::new(), features: Box::new([0.0; MELS * FRAMES]) };
        let stop = Self::stop().map_err(|error| refused(error.message))?;
        model
            .judge(&[0; SAMPLES / 8], &stop)
            .map_err(|error| SmartTurnError::ModelOther { path: path.to_owned(), what: error.message })?;
        Ok(model)
    }
}

impl Judge for Model {
    type Stop = RunOptions;

    fn stop() -> Result<RunOptions, ProviderError> {
        RunOptions::new().map_err(|error| failed(&error))
    }

    fn judge(&mut self, audio: &[i16], stop: &RunOptions) -> Result<f32, ProviderError> {
        self.front.features(audio, &mut self.features);
        let seen = TensorRef::from_array_view(([1, MELS, FRAMES], self.features.as_slice()));
        let seen = seen.map_err(|error| failed(&error))?;
        let answer = self.session.run_with_options([seen.into()], stop).map_err(|error| failed(&error))?;
        let (_, numbers) = answer[0].try_extract_tensor::<f32>().map_err(|error| failed(&error))?;
        match numbers {
            [probability] if (0.0..=1.0).contains(probability) => Ok(*probability),
            other => Err(ProviderError::new(
                PROVIDER,
                ErrorKind::ProtocolBroken,
                format!("the model answers {other:?} and not one probability"),
            )),
        }
    }
}

impl Stop for RunOptions {
    fn stop(&self) {
        // It cannot fail: the flag is set in memory that is ours.
        let _ = self.terminate();
    }
}

fn session(runtime: &Runtime, bytes: &[u8]) -> ort::Result<Session> {
    // One thread a judgement: several pauses at once are served by several threads of the pool.
    let mut builder = Session::builder(&runtime.environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?;
    if !multiplies_bytes_exactly() {
        builder = builder.with_precise_qmm()?;
    }
    builder.commit_from_memory(bytes)
}

/// Whether the processor has instructions for products of bytes that do not saturate. Without them ONNX Runtime's usual way
/// is another arithmetic, and the same pause would be judged otherwise than on other machines; its precise way is not.
fn multiplies_bytes_exactly() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx512vnni") || std::is_x86_feature_detected!("avxvnni");
    #[cfg(not(target_arch = "x86_64"))]
    return true;
}

/// What is wrong with a model's input and output, if anything.
fn check_shape(session: &Session) -> Result<(), String> {
    let ([input], [output]) = (session.inputs(), session.outputs()) else {
        let (inputs, outputs) = (session.inputs().len(), session.outputs().len());
        return Err(format!("it has {inputs} inputs and {outputs} outputs, not one of each"));
    };
    let sees = match input.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => {
            matches!(**shape, [1 | -1, mels, frames] if fits(mels, MELS) && fits(frames, FRAMES))
        }
        _ => false,
    };
    let says = matches!(output.dtype(), ValueType::Tensor { ty: TensorElementType::Float32, .. });
    match (sees, says) {
        (false, _) => Err(format!("it takes {}, not f32 of 1 × {MELS} × {FRAMES}", input.dtype())),
        (_, false) => Err(format!("it answers {}, not f32", output.dtype())),
        (true, true) => Ok(()),
    }
}

/// Whether a dimension is `wanted`, or left open by the model.
fn fits(dimension: i64, wanted: usize) -> bool {
    dimension == -1 || usize::try_from(dimension) == Ok(wanted)
}

fn failed(error: &ort::Error) -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Internal, format!("ONNX Runtime: {error}"))
}
