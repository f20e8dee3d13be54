//! From the core's types to the window's and back: a mirror has every field and variant of the core's type, or it doesn't compile.

/// Makes one of the other, with nothing left out.
pub trait Convert<T> {
    /// The other.
    fn convert(self) -> T;
}

macro_rules! same {
    ($($type:ty)*) => {
        $(impl Convert<$type> for $type {
            fn convert(self) -> $type {
                self
            }
        })*
    };
}

same! { bool u8 u16 u32 u64 i64 String }

impl<A: Convert<B>, B> Convert<Option<B>> for Option<A> {
    fn convert(self) -> Option<B> {
        self.map(Convert::convert)
    }
}

impl<A: Convert<B>, B> Convert<Vec<B>> for Vec<A> {
    fn convert(self) -> Vec<B> {
        self.into_iter().map(Convert::convert).collect()
    }
}

/// Defines a type of the window by the core's type of another or the same name: `out` is told to the page, `in` comes from it, `both` either.
macro_rules! mirror {
    (out; $(#[$meta:meta])* pub $kind:ident $name:ident = $core:ident { $($body:tt)* }) => {
        mirror! { @define (serde::Serialize) $(#[$meta])* pub $kind $name { $($body)* } }
        mirror! { @from $kind $core $name { $($body)* } }
    };
    (in; $(#[$meta:meta])* pub $kind:ident $name:ident = $core:ident { $($body:tt)* }) => {
        mirror! { @define (serde::Deserialize) $(#[$meta])* pub $kind $name { $($body)* } }
        mirror! { @into $kind $core $name { $($body)* } }
    };
    (both; $(#[$meta:meta])* pub $kind:ident $name:ident = $core:ident { $($body:tt)* }) => {
        mirror! { @define (serde::Serialize, serde::Deserialize) $(#[$meta])* pub $kind $name { $($body)* } }
        mirror! { @from $kind $core $name { $($body)* } }
        mirror! { @into $kind $core $name { $($body)* } }
    };
    (@define ($($serde:path),*) $(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        #[derive(Clone, Debug, $($serde,)* ts_rs::TS)]
        #[ts(export_to = "bindings.ts")]
        $(#[$meta])*
        pub struct $name { $($body)* }
    };
    (@define ($($serde:path),*) $(#[$meta:meta])* pub enum $name:ident { $($body:tt)* }) => {
        #[derive(Clone, Debug, $($serde,)* ts_rs::TS)]
        #[ts(export_to = "bindings.ts")]
        $(#[$meta])*
        pub enum $name { $($body)* }
    };
    (@from struct $core:ident $name:ident { $( $(#[$meta:meta])* pub $field:ident: $type:ty, )* }) => {
        impl Convert<$name> for model::$core {
            fn convert(self) -> $name {
                let model::$core { $($field),* } = self;
                $name { $($field: $field.convert()),* }
            }
        }
    };
    (@into struct $core:ident $name:ident { $( $(#[$meta:meta])* pub $field:ident: $type:ty, )* }) => {
        impl Convert<model::$core> for $name {
            fn convert(self) -> model::$core {
                let $name { $($field),* } = self;
                model::$core { $($field: $field.convert()),* }
            }
        }
    };
    (@from enum $core:ident $name:ident { $( $(#[$meta:meta])* $variant:ident $({ $( $(#[$inner:meta])* $field:ident: $type:ty, )* })? , )* }) => {
        impl Convert<$name> for model::$core {
            fn convert(self) -> $name {
                match self {
                    $( model::$core::$variant $({ $($field),* })? => $name::$variant $({ $($field: $field.convert()),* })?, )*
                }
            }
        }
    };
    (@into enum $core:ident $name:ident { $( $(#[$meta:meta])* $variant:ident $({ $( $(#[$inner:meta])* $field:ident: $type:ty, )* })? , )* }) => {
        impl Convert<model::$core> for $name {
            fn convert(self) -> model::$core {
                match self {
                    $( $name::$variant $({ $($field),* })? => model::$core::$variant $({ $($field: $field.convert()),* })?, )*
                }
            }
        }
    };
}

pub(super) use mirror;
