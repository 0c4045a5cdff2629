//! What makes [`Field`](super::Field) from the table of settings.

/// Makes [`Field`](super::Field) and a function for each column from the table of settings.
macro_rules! table {
    ($(
        $(#[$doc:meta])*
        $field:ident {
            key: $key:literal,
            $(name: $name:literal,)?
            label: $label:literal,
            $(unit: $unit:literal,)?
            question: $question:literal,
            help: $help:literal,
            value: $value:expr,
            $(empty: $empty:expr,)?
            $(of: $of:ident,)?
            places: $places:expr,
            since: $since:literal,
        }
    )*) => {
        /// A setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $($(#[$doc])* $field,)*
        }

        // A function for each column, so that what only the HTML needs takes no bytes in the page's program.
        impl Field {
            /// All fields, in the order of the hash; the optimizer comes before its numbers.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$field),*];

            /// Its name in the hash, also the id of its control.
            pub fn key(self) -> &'static str {
                match self { $(Self::$field => $key,)* }
            }

            /// Its name in code, Keras' argument if there is one; also the command line's option.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$field => $name,)?)*
                    field => field.key(),
                }
            }

            /// Its name on the page.
            pub fn label(self) -> &'static str {
                match self { $(Self::$field => $label,)* }
            }

            /// The unit after a number.
            pub fn unit(self) -> &'static str {
                match self {
                    $($(Self::$field => $unit,)?)*
                    _ => "",
                }
            }

            /// The question that its help answers.
            pub fn question(self) -> &'static str {
                match self { $(Self::$field => $question,)* }
            }

            /// What it is, in a sentence or two.
            pub fn help(self) -> &'static str {
                match self { $(Self::$field => $help,)* }
            }

            /// The values that it can have, and where its value is stored.
            pub fn value(self) -> &'static FieldValue {
                match self {
                    $(Self::$field => {
                        static VALUE: FieldValue = $value;
                        &VALUE
                    })*
                }
            }

            /// What leaving it empty means, if that is allowed.
            pub fn empty(self) -> Option<&'static Empty> {
                match self {
                    $($(Self::$field => {
                        static EMPTY: Empty = $empty;
                        Some(&EMPTY)
                    })?)*
                    _ => None,
                }
            }

            /// Whether it is a number that not every optimizer has.
            pub fn is_of_optimizer(self) -> bool {
                match self {
                    $($(Self::$field => stringify!($of) == "optimizer",)?)*
                    _ => false,
                }
            }

            /// Where the page has a control for it.
            pub fn places(self) -> &'static [Place] {
                match self { $(Self::$field => &$places,)* }
            }

            /// The version of links that it came with. A link always holds the settings of version 1; later ones are in
            /// a link only if they differ from the default.
            ///
            /// | links | since | came with |
            /// | --- | --- | --- |
            /// | 1 | 2026-11-23 | the page |
            /// | 2 | 2026-11-23 | Experiment |
            /// | 3 | 2026-11-24 | relaxed SIMD |
            /// | 4 | 2026-11-25 | label smoothing, and gentle for fading |
            /// | 5 | 2026-11-25 | the moving average of the weights |
            /// | 6 | 2026-11-26 | the speed, and the quick recipe for a page whose address sets nothing |
            pub fn since(self) -> u8 {
                match self { $(Self::$field => $since,)* }
            }
        }
    };
}

pub(super) use table;
