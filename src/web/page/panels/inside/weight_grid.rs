//! Weights on a canvas, each of which can be pointed at.

use web_sys::Element;

use crate::app::panels::inside::one_step::SeenStep;
use crate::config::architecture::Shape;
use crate::web::page::dom::DomError;

/// The step that the stages show.
pub(super) struct StepShown<'a> {
    pub(super) of: &'a SeenStep,
    /// The parameter that is pointed at.
    pub(super) parameter: Option<u32>,
    pub(super) pinned: bool,
}

/// Where the weights that a canvas shows are among all parameters.
pub(super) struct WeightGrid {
    pub(super) first: usize,
    pub(super) stride: usize,
}

impl WeightGrid {
    /// Row, column and channel of a parameter; `None` if it is none of these.
    pub(super) fn place(&self, shape: Shape, parameter: u32) -> Option<[usize; 3]> {
        let beyond = (parameter as usize).checked_sub(self.first)?;
        let at = beyond / self.stride;
        let (pixel, channel) = (at / shape.channels, at % shape.channels);
        let is_here = beyond.is_multiple_of(self.stride) && at < shape.size();
        is_here.then_some([pixel / shape.width, pixel % shape.width, channel])
    }

    /// The parameter at a row, a column and a channel.
    pub(super) fn parameter(&self, shape: Shape, [y, x, channel]: [usize; 3]) -> u32 {
        let at = (y * shape.width + x) * shape.channels + channel;
        (self.first + at * self.stride) as u32
    }

    /// Lets a canvas be pointed at, or no longer.
    pub(super) fn offer(
        &self,
        canvas: &Element,
        on: bool,
        parameter: Option<u32>,
    ) -> Result<(), DomError> {
        let numbers = [("data-first", self.first), ("data-stride", self.stride)];
        let words = [("tabindex", "0"), ("aria-describedby", "inside-step-keys")];
        canvas.set_attribute("role", if on { "application" } else { "img" })?;
        for (name, value) in numbers.map(|(name, number)| (name, number.to_string())) {
            if on { canvas.set_attribute(name, &value)? } else { canvas.remove_attribute(name)? }
        }
        for (name, value) in words {
            if on { canvas.set_attribute(name, value)? } else { canvas.remove_attribute(name)? }
        }
        match parameter {
            Some(parameter) => canvas.set_attribute("data-parameter", &parameter.to_string())?,
            None => canvas.remove_attribute("data-parameter")?,
        }
        Ok(())
    }
}
