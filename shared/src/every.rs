//! Lists of all variants of an enum.

/// Gives an enum the constant `ALL`, its variants in this order. A variant that is left out does not compile.
#[macro_export]
macro_rules! every {
    ($(#[$doc:meta])* $visibility:vis $enum:ident: $($variant:ident),+ $(,)?) => {
        impl $enum {
            $(#[$doc])*
            $visibility const ALL: [Self; [$(Self::$variant),+].len()] = {
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
