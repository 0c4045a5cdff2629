//! Renders the page's document from `www/index.html`, the templates that it includes, and the table of settings.

use std::path::Path;

use anyhow::{Context, Result};
use inkling_config::architecture::{LayerKind, LayerPart};
use inkling_config::field::{FieldValue, Place};
use inkling_config::{CLASSES, Field, NetworkPreset, Recipe};
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

/// The templates, by the names that they use for each other.
const TEMPLATES: [&str; 8] = [
    "index.html",
    "controls.html",
    "panel-inside.html",
    "panel-ask.html",
    "panel-evaluate.html",
    "panel-fine-tune.html",
    "panel-experiment.html",
    "panel-runs.html",
];

/// What the document needs to know of its build.
#[derive(Serialize)]
pub(crate) struct Build<'a> {
    pub(crate) id: &'a str,
    /// The text of guard.js.
    pub(crate) guard: &'a str,
    /// The hash that makes the content security policy allow that script.
    pub(crate) guard_hash: &'a str,
}

/// A control, as the templates see it.
#[derive(Serialize)]
struct Control {
    key: &'static str,
    label: &'static str,
    question: &'static str,
    help: &'static str,
    range: String,
    whole: bool,
    limits: Option<[String; 2]>,
    empty: &'static str,
    options: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    word: &'static str,
    label: &'static str,
}

impl Control {
    fn of_field(field: Field) -> Self {
        let options = match field.value() {
            FieldValue::Choice { options, .. } => *options,
            _ => &[],
        };
        Self {
            key: field.key(),
            label: field.label(),
            question: field.question(),
            help: field.help(),
            range: field.range(),
            whole: matches!(field.value(), FieldValue::Whole { .. }),
            limits: field.limits(),
            empty: field.empty().map_or("", |empty| empty.label),
            options: options.iter().map(|o| Choice { word: o.word, label: o.label }).collect(),
        }
    }

    fn of_part(part: LayerPart) -> Self {
        let choice = |word| Choice { word, label: word };
        Self {
            key: part.key(),
            label: part.label(),
            question: "",
            help: "",
            range: String::new(),
            whole: part != LayerPart::Rate,
            limits: part.limits().map(|limits| limits.map(|limit| limit.to_string())),
            empty: "",
            options: part.options().into_iter().map(choice).collect(),
        }
    }
}

/// The settings in one of the page's places, in order.
fn settings(is_there: impl Fn(Place) -> bool) -> Vec<Control> {
    let placed =
        |field: Field| Some((*field.places().iter().find(|place| is_there(**place))?, field));
    let mut fields: Vec<(Place, Field)> = Field::ALL.into_iter().filter_map(placed).collect();
    fields.sort_by_key(|(place, _)| *place);
    fields.into_iter().map(|(_, field)| Control::of_field(field)).collect()
}

/// Renders a build's document from the templates in a folder.
pub(crate) fn render(folder: &Path, build: &Build<'_>) -> Result<String> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    for name in TEMPLATES {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        // Visitors need no indentation.
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        templates.add_template_owned(name, lines.join("\n"))?;
    }
    let recipe = |r: Recipe| context! { key => r.key(), label => r.label(), title => r.title() };
    let network = |n: NetworkPreset| context! { key => n.key, name => n.name };
    let html = templates.get_template("index.html")?.render(context! {
        build => build.id,
        version => env!("CARGO_PKG_VERSION"),
        guard => build.guard,
        guard_hash => build.guard_hash,
        digits => (0..CLASSES).collect::<Vec<_>>(),
        beside_train => settings(|place| matches!(place, Place::BesideTrain(_))),
        front => settings(|place| matches!(place, Place::Front(_))),
        more => settings(|place| matches!(place, Place::More(_))),
        experiment => settings(|place| matches!(place, Place::Experiment(_))),
        recipes => Recipe::ALL.map(recipe).to_vec(),
        networks => NetworkPreset::ALL.map(network).to_vec(),
        layers => LayerKind::ALL.map(|kind| kind.layer().class_name()).to_vec(),
        parts => LayerPart::ALL.map(Control::of_part).into_iter().collect::<Vec<_>>(),
    })?;
    Ok(html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    fn rendered() -> Result<String> {
        let build = Build { id: "abc", guard: "if (a < b) go();", guard_hash: "sha256-a/b+c=" };
        render(&project::root().join("www"), &build)
    }

    /// The text between two others.
    fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
        text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner)
    }

    #[test]
    fn it_names_its_build_and_allows_its_guard() -> Result<()> {
        let html = rendered()?;
        for part in [
            "<body data-build=\"abc\"",
            "script-src 'self' 'wasm-unsafe-eval' 'sha256-a/b+c=';",
            "<script>if (a < b) go();</script>",
        ] {
            assert!(html.contains(part), "{part}");
        }
        Ok(())
    }

    #[test]
    fn every_setting_has_its_controls() -> Result<()> {
        let html = rendered()?;
        let mut places = Vec::new();
        for field in Field::ALL {
            for &place in field.places() {
                places.push(place);
                let second = matches!(place, Place::Experiment(_));
                let (prefix, named) = if second { ("x-", "data-setting") } else { ("", "id") };
                let id = [prefix, field.key()].concat();
                let label = format!("<label for=\"{id}\">{}</label>", field.label());
                let setting = between(&html, &label, "</div>\n").context(label.clone())?;
                let rest = html.split_once(&label).context("found before")?.1;
                assert!(setting.contains(&field.range()), "{setting}");
                assert!(rest.contains(&format!("<p id=\"{id}-help\" hidden>{}", field.help())));
                let start = match field.value() {
                    FieldValue::Choice { .. } => format!("<select id=\"{id}\""),
                    _ => format!("<input id=\"{id}\""),
                };
                let control = between(&html, &start, "</div>").context(start.clone())?;
                assert!(named == "id" || control.contains(&format!("{named}=\"{}\"", field.key())));
                if let Some([low, high]) = field.limits() {
                    assert!(
                        control.contains(&format!("min=\"{low}\" max=\"{high}\"")),
                        "{control}"
                    );
                }
                if let Some(empty) = field.empty() {
                    assert!(
                        control.contains(&format!("placeholder=\"{}\"", empty.label)),
                        "{control}"
                    );
                }
                if let FieldValue::Choice { options, .. } = field.value() {
                    assert_eq!(control.matches("<option ").count(), options.len());
                    for option in *options {
                        assert!(control.contains(&format!("<option value=\"{}\"", option.word)));
                        // As minijinja escapes it.
                        let label = option.label.replace('/', "&#x2f;");
                        assert!(control.contains(&format!(">{label}</option>")), "{control}");
                    }
                }
            }
        }
        assert_eq!(
            html.matches("data-setting=").count() + html.matches("class=\"setting\"").count(),
            {
                let second =
                    places.iter().filter(|place| matches!(place, Place::Experiment(_))).count();
                places.len() + second
            }
        );
        places.sort_unstable();
        places.dedup();
        assert_eq!(
            places.len(),
            html.matches("class=\"setting\"").count(),
            "no two have one place"
        );
        // Settings that are only in links.
        let without: Vec<Field> =
            Field::ALL.into_iter().filter(|field| field.places().is_empty()).collect();
        assert_eq!(without, [Field::Architecture, Field::Backend]);
        Ok(())
    }

    #[test]
    fn layers_presets_and_recipes_have_their_controls() -> Result<()> {
        let html = rendered()?;
        for part in LayerPart::ALL {
            let start = format!("data-part=\"{}\"", part.key());
            let control = between(&html, &start, "</label>").context(start.clone())?;
            if let Some([low, high]) = part.limits() {
                assert!(control.contains(&format!("min=\"{low}\" max=\"{high}\"")), "{control}");
            }
            for option in part.options() {
                assert!(
                    control.contains(&format!("<option value=\"{option}\">{option}</option>")),
                    "{control}"
                );
            }
        }
        for network in NetworkPreset::ALL {
            let button = format!(
                "data-network=\"{}\" aria-pressed=\"false\">{}<",
                network.key, network.name
            );
            assert!(html.contains(&button), "{button}");
        }
        for recipe in Recipe::ALL {
            assert!(html.contains(&format!("id=\"recipe-{}\"", recipe.key())));
            assert!(html.contains(&format!("title=\"{}\">{}<", recipe.title(), recipe.label())));
        }
        Ok(())
    }
}
