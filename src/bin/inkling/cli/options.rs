//! The settings of a run as options of the command line, from the page's table of settings.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, Error, FromArgMatches};
use inkling::config::field::{Choosable, FieldValue};
use inkling::config::{Field, Form, Recipe, TrainConfig};

/// What the command line has in its own way, or not at all.
const OTHERWISE: [Field; 5] =
    [Field::Seed, Field::Workers, Field::Start, Field::Backend, Field::Speed];

/// The settings that the options come to.
pub(crate) struct SettingsArguments(pub(crate) TrainConfig);

fn fields() -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(|field| !OTHERWISE.contains(field))
}

fn option(field: Field) -> Arg {
    let about = match (field.range(), Form::default().get(field)) {
        (range, default) if default.is_empty() => format!(" [{range}]"),
        (range, default) if range.is_empty() => format!(" [default: {default}]"),
        (range, default) => format!(" [{range}; default: {default}]"),
    };
    let option = Arg::new(field.key())
        .long(field.name().replace('_', "-"))
        .value_name(field.name().to_uppercase())
        .help([field.help().trim_end_matches('.'), &about].concat());
    let FieldValue::Choice { options, .. } = field.value() else { return option };
    let named = |o: &Choosable| PossibleValue::new(o.word).aliases(o.formerly.iter().copied());
    let option = option.value_parser(PossibleValuesParser::new(options.iter().map(named)));
    if options.iter().any(|choice| choice.word == "on") {
        option.num_args(0..=1).default_missing_value("on")
    } else {
        option
    }
}

impl clap::Args for SettingsArguments {
    fn augment_args(command: Command) -> Command {
        let recipe = Arg::new("recipe")
            .long("recipe")
            .help("The page's ready-made settings for a purpose; other options change them")
            .value_parser(PossibleValuesParser::new(Recipe::ALL.map(Recipe::key)));
        fields().map(option).fold(command.arg(recipe), Command::arg)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut form = Form::default();
        let recipe = matches.get_one::<String>("recipe");
        if let Some(recipe) =
            Recipe::ALL.into_iter().find(|r| recipe.is_some_and(|key| key == r.key()))
        {
            recipe.apply(&mut form.settings);
        }
        for field in fields() {
            let text = matches.get_one::<String>(field.key());
            if let Some(wrong) = text.and_then(|text| form.set(field, text)) {
                return Err(Error::raw(ErrorKind::ValueValidation, [&wrong, "\n"].concat()));
            }
        }
        Ok(Self(form.settings))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use inkling::config::{Augment, Optimizer};

    #[derive(Parser)]
    struct Train {
        #[command(flatten)]
        settings: SettingsArguments,
    }

    fn read(line: &str) -> Result<TrainConfig, String> {
        let words = std::iter::once("train").chain(line.split_whitespace());
        Train::try_parse_from(words).map(|train| train.settings.0).map_err(|e| e.to_string())
    }

    #[test]
    fn options_set_what_the_page_can_set() {
        assert_eq!(read(""), Ok(TrainConfig::default()));
        let mut fast = TrainConfig::default();
        Recipe::Fast.apply(&mut fast);
        assert_eq!(read("--recipe fast"), Ok(fast.clone()));
        fast.epochs = 2;
        fast.optimizer = Optimizer::Sgd { momentum: 0.5 };
        assert_eq!(read("--momentum 0.5 --optimizer sgd --epochs 2 --recipe fast"), Ok(fast));
        for (line, augment) in [
            ("--augment", Augment::On),
            ("--augment full", Augment::On),
            ("--augment gentle", Augment::Gentle),
        ] {
            assert_eq!(read(line).map(|settings| settings.augment), Ok(augment));
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (line, why) in [
            ("--epochs 101", "Epochs must be from 1 to 100"),
            ("--batch-size none", "Batch size must be from 1 to 512"),
            ("--rho 0.5", "Rho does not apply to adam"),
            ("--augment wild", "[possible values: off, on, gentle]"),
            ("--architecture f,x3", "“x3” is not a layer"),
        ] {
            assert!(read(line).is_err_and(|error| error.contains(why)), "{line}: {:?}", read(line));
        }
    }
}
