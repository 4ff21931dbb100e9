//! Lists of all variants of an enum.

/// Gives an enum the constant `ALL`, its variants in this order. A variant that is left out does not compile.
macro_rules! every {
    ($(#[$doc:meta])* $enum:ident: $($variant:ident),+ $(,)?) => {
        impl $enum {
            $(#[$doc])*
            pub const ALL: [Self; [$(Self::$variant),+].len()] = {
                const fn assert_listed(variant: $enum) {
                    match variant {
                        $($enum::$variant => (),)+
                    }
                }
                $(assert_listed($enum::$variant);)+
                [$(Self::$variant),+]
            };
        }
    };
}

pub(crate) use every;
