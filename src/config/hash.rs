//! The settings in a link.
//!
//! A link holds the settings in its hash, `#epochs=10&batch=32&lr=0.001&...`. Values are brought into range rather than
//! refused, and each correction is returned as a sentence.
//!
//! What a link leaves out has the defaults of Keras, which is what every link has meant since the first. Only an address
//! that sets nothing that a run computes, such as that of the page's first visit, opens with the quick recipe
//! ([`Form::of_address`]). What the page then writes into the address always has the settings of version 1, so it reads
//! as a link, and a reload, a bookmark or a friend gets the same settings.

use super::field::Field;
use super::form::Form;
use percent_encoding::percent_decode_str;

impl Form {
    /// Reads a hash, with or without its `#` and percent-encoding. What is missing has its default; what is wrong is
    /// brought into range and reported.
    pub fn from_hash(hash: &str) -> (Self, Vec<String>) {
        Self::read(hash, |_| Self::default())
    }

    /// Reads the hash of the page's address: as [`Form::from_hash`], but if it has no setting of the links before version
    /// 6, in which the quick recipe became the page's default, all else is as in [`Form::quick`]. So `#speed=10` is the
    /// quick recipe in slow motion, and `#epochs=2` two epochs of Keras' settings, as ever.
    pub fn of_address(hash: &str) -> (Self, Vec<String>) {
        Self::read(hash, |earlier| if earlier { Self::default() } else { Self::quick() })
    }

    /// Reads a hash into the form that `start` makes, knowing whether a setting of the links before version 6 is
    /// given.
    fn read(hash: &str, start: fn(bool) -> Self) -> (Self, Vec<String>) {
        let mut unknown = Vec::new();
        let mut given = Vec::new();
        // Bad encoding makes an unusable value, which is reported like any other.
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
        for pair in hash.trim_start_matches('#').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decoded(key), decoded(value));
            match Field::ALL.into_iter().find(|field| field.key() == key) {
                Some(field) => given.push((field, value)),
                None => unknown.push(format!(
                    "The link sets {}, which this page does not know, so it is left out.",
                    shortened(&key)
                )),
            }
        }
        let mut form = start(given.iter().any(|(field, _)| field.since() < 6));
        // In the order of `Field::ALL`, whatever the link's order: the optimizer comes before its numbers.
        let mut notices = Vec::new();
        for field in Field::ALL {
            let values = given.iter().filter(|(given, _)| *given == field);
            notices.extend(values.filter_map(|(_, value)| form.set(field, value)));
        }
        notices.append(&mut unknown);
        (form, notices)
    }

    /// The settings as a hash.
    pub fn to_hash(&self) -> String {
        let mut usual = Self::default();
        usual.set(Field::Optimizer, &self.get(Field::Optimizer));
        let pairs: Vec<String> = Field::ALL
            .into_iter()
            .map(|field| (field, self.get(field)))
            .filter(|(field, value)| {
                // Workers are left out if none are set, which means one for each core.
                if field.since() == 1 { !value.is_empty() } else { *value != usual.get(*field) }
            })
            .map(|(field, value)| [field.key(), "=", &value].concat())
            .collect();
        ["#", &pairs.join("&")].concat()
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(24).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("“{short}”")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::PACES;
    use crate::{Architecture, Backend, MOST_LAYERS, Optimizer, Recipe, StartFrom, TRAIN_IMAGES};
    use proptest::prelude::*;

    #[test]
    fn a_hash_holds_every_setting() {
        let hash = "#epochs=3&batch=32&lr=0.0005&seed=7&workers=1&images=2000\
                    &optimizer=sgd&schedule=one-cycle&augment=on&start=shipped";
        let (form, notices) = Form::from_hash(hash);
        assert_eq!(notices, Vec::<String>::new());
        assert_eq!(form.settings.images, Some(2000));
        assert_eq!(form.settings.optimizer, Optimizer::SGD);
        assert_eq!(form.start, StartFrom::Shipped);
        assert_eq!(form.to_hash(), hash);
    }

    #[test]
    fn an_empty_hash_is_the_default() {
        assert_eq!(Form::from_hash(""), (Form::default(), vec![]));
        assert_eq!(Form::from_hash("#"), (Form::default(), vec![]));
    }

    #[test]
    fn nonsense_is_brought_into_range_and_reported() {
        let (form, notices) =
            Form::from_hash("#epochs=-4&batch=many&lr=nan&seed=1.5&images=1e99&workers=80&x=y");
        let s = &form.settings;
        assert_eq!(
            (s.epochs, s.batch_size, s.learning_rate, s.seed, s.images, form.workers),
            (1, 32, 0.001, 2, None, Some(8))
        );
        assert_eq!(notices.len(), 7, "{notices:?}");
        assert!(notices[0].starts_with("Epochs must be from 1 to 100. Using 1."), "{notices:?}");
        assert!(notices[1].contains("Keeping 32."), "{notices:?}");
    }

    #[test]
    fn workers_are_in_a_link_only_if_they_were_chosen() {
        let mut form = Form::default();
        assert!(!form.to_hash().contains("workers"));
        assert_eq!(form.set(Field::Workers, "4"), None);
        assert!(form.to_hash().contains("&workers=4&"));
        assert_eq!(form.set(Field::Workers, ""), None);
        assert_eq!(form, Form::default());
        let (form, notices) = Form::from_hash("#backend=simd128");
        assert_eq!((form.backend, notices), (Some(Backend::Simd128), vec![]));
        assert!(form.to_hash().ends_with("&backend=simd128"));
    }

    #[test]
    fn only_an_address_that_sets_nothing_opens_with_the_quick_recipe() {
        for hash in ["", "#", "#speed=full", "#colour=blue"] {
            assert_eq!(Form::of_address(hash).0, Form::quick(), "{hash}");
        }
        let (slow, _) = Form::of_address("#speed=10");
        assert_eq!(slow, Form { pace: Some(10), ..Form::quick() });
        for hash in [
            "#images=2000&epochs=1&batch=100",
            "#seed=7",
            "#workers=2",
            "#start=shipped",
            "#ema=0.9",
            "#backend=simd128",
            "#speed=1&epochs=2",
        ] {
            assert_eq!(Form::of_address(hash), Form::from_hash(hash), "{hash}");
        }
        assert_eq!(Form::of_address("#epochs=10").0, Form::default());
    }

    /// What the page writes into its address is read as what was set, whatever the page began with.
    #[test]
    fn a_reload_gives_the_same() {
        for start in [Form::default(), Form::quick()] {
            for recipe in Recipe::ALL {
                for pace in PACES {
                    let mut form = Form { pace, ..start.clone() };
                    recipe.apply(&mut form.settings);
                    form.settings.seed = 9;
                    assert_eq!(Form::of_address(&form.to_hash()), (form, vec![]));
                }
            }
        }
        assert!(!Form::quick().to_hash().contains("speed"));
        assert!(Form { pace: Some(1), ..Form::default() }.to_hash().ends_with("&speed=1"));
    }

    #[test]
    fn all_images_are_none() {
        let mut form = Form::default();
        assert_eq!(form.set(Field::Images, "2000"), None);
        assert_eq!(form.settings.images, Some(2000));
        assert_eq!(form.set(Field::Images, "60000"), None);
        assert_eq!(form.settings.images, None);
    }

    #[test]
    fn a_link_repeats_a_run_of_another_network() {
        let hash = "#epochs=3&batch=32&lr=0.0005&seed=7&workers=1&images=2000&optimizer=adam\
                    &schedule=cosine&augment=off&start=fresh&net=c6k5rz,a2,f,drop0.25,d10s\
                    &beta1=0.8&epsilon=0.001&validation=10&stop=99.2";
        let (form, notices) = Form::from_hash(hash);
        assert_eq!(notices, Vec::<String>::new());
        assert_eq!(form.settings.architecture.layers.len(), 5);
        let adam = Optimizer::Adam { beta_1: 0.8, beta_2: 0.999, epsilon: 0.001 };
        assert_eq!(form.settings.optimizer, adam);
        assert_eq!((form.settings.validation, form.settings.stop_at), (10, Some(0.992)));
        assert_eq!(form.to_hash(), hash);
        let (backwards, notices) = Form::from_hash("#rho=0.5&optimizer=rmsprop&net=c6k5,x3");
        assert_eq!(backwards.settings.optimizer, Optimizer::RmsProp { rho: 0.5, epsilon: 1e-7 });
        assert_eq!(backwards.settings.architecture, Architecture::default());
        assert_eq!(
            notices,
            ["The network cannot be used: “x3” is not a layer. Keeping the one before."]
        );
    }

    #[test]
    fn a_network_for_other_images_or_without_end_is_not_taken() {
        for (net, why) in [
            (String::from("i10x10x1,f,d10s"), "28x28"),
            (format!("{}f,d10s", "c1k1,".repeat(MOST_LAYERS)), "more than 24 layers"),
        ] {
            let (form, notices) = Form::from_hash(&format!("net={net}"));
            assert_eq!(form, Form::default());
            assert!(notices.len() == 1 && notices[0].contains(why), "{notices:?}");
        }
    }

    #[test]
    fn numbers_belong_to_their_optimizer() {
        let mut form = Form::default();
        assert!(form.set(Field::Momentum, "0.5").is_some_and(|notice| notice.contains("adam")));
        form.set(Field::Beta1, "0.5");
        form.set(Field::Optimizer, "adam");
        assert_eq!(form.get(Field::Beta1), "0.5", "the optimizer has not changed");
        form.set(Field::Optimizer, "sgd");
        assert_eq!((form.get(Field::Beta1), form.get(Field::Momentum)), ("".into(), "0.9".into()));
        assert_eq!(form.set(Field::StopAt, "99"), None);
        assert_eq!(form.set(Field::StopAt, ""), None);
        assert_eq!(form.settings.stop_at, None);
    }

    /// Words and ranges change, but an old link still sets what it was made for.
    #[test]
    fn links_of_every_earlier_form_are_read() {
        let first =
            "#epochs=3&batch=32&lr=0.0005&seed=7&images=2000&optimizer=sgd&schedule=one-cycle";
        for (link, now) in [
            ("&augment=on&start=shipped", "&augment=on&start=shipped"),
            ("&augment=fading&start=fresh&net=f,d10s", "&augment=gentle&start=fresh&net=f,d10s"),
            ("&augment=full&start=fresh", "&augment=on&start=fresh"),
        ] {
            let (form, notices) = Form::from_hash(&[first, link].concat());
            assert_eq!((form.to_hash(), notices), ([first, now].concat(), vec![]));
        }
    }

    #[test]
    fn an_encoded_link_is_read() {
        let plain = Form::from_hash("#net=c8k3r,p2,f,d10s&stop=99.2");
        assert_eq!(plain.1, Vec::<String>::new());
        assert_eq!(plain, Form::from_hash("#%6eet=c8k3r%2Cp2%2cf%2Cd10s&stop=99%2E2"));
        for (link, why) in [
            ("#epochs=%zz", "Epochs must be from 1 to 100. Keeping 10."),
            ("#net=f%2", "“f%2” is not a layer"),
            ("#%ff%E0=1", "The link sets “\u{fffd}\u{fffd}”, which"),
            ("#augment=%", "Augment images must be one of off, on, gentle."),
        ] {
            let (form, notices) = Form::from_hash(link);
            assert_eq!(form, Form::default());
            assert!(notices.len() == 1 && notices[0].contains(why), "{notices:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_settings_in_range_that_a_link_repeats(hash in "#?([a-z]{1,9}=[-0-9a-z.%]{0,8}&?){0,6}|(optimizer=(adam|sgd|rmsprop)&)?((epochs|batch|lr|seed|images|beta1|beta2|momentum|rho|epsilon|validation|stop|smoothing|ema)=[-0-9.e]{0,9}&){0,5}(net=(c[0-9]k[0-9]r?z?,|[pa][0-9],|f,|drop0[.][0-9],|d[0-9]{1,2}[rs]?,){0,6})?") {
            let (form, _) = Form::from_hash(&hash);
            let s = &form.settings;
            prop_assert!((1..=100).contains(&s.epochs));
            prop_assert!((1..=512).contains(&s.batch_size));
            prop_assert!((1e-5..=1.0).contains(&s.learning_rate));
            prop_assert!((0..=50).contains(&s.validation));
            prop_assert!(s.stop_at.is_none_or(|enough| (0.01..=1.0).contains(&enough)));
            prop_assert!(s.images.is_none_or(|n| (100..TRAIN_IMAGES).contains(&n)));
            let (again, notices) = Form::from_hash(&form.to_hash());
            prop_assert_eq!(again, form);
            prop_assert_eq!(notices, Vec::<String>::new());
            let (form, _) = Form::of_address(&hash);
            prop_assert_eq!(Form::of_address(&form.to_hash()), (form, vec![]));
        }
    }
}
