//! A shared library and the functions taken out of it.

use crate::error::LocalError;

/// A library that stays loaded as long as the process.
pub(super) struct SharedLibrary {
    name: String,
    package: &'static str,
    handle: libloading::Library,
}

impl SharedLibrary {
    /// Loads the library `name`, which the Debian package `package` ships.
    pub(super) fn open(name: &str, package: &'static str) -> Result<Self, LocalError> {
        #[expect(unsafe_code, reason = "the one place where a library is loaded")]
        // SAFETY: the libraries named in this module run no code of their own at load but C's runtime set-up.
        let handle = unsafe { libloading::Library::new(name) };
        match handle {
            Ok(handle) => Ok(Self { name: name.to_owned(), package, handle }),
            Err(source) => Err(LocalError::LibraryMissing { library: name.to_owned(), package, source }),
        }
    }

    /// The function `symbol` of the library or of one that it depends on.
    ///
    /// # Safety
    /// `T` is the function's type as its C header declares it, and the value is used only while `self` lives.
    #[expect(unsafe_code, reason = "the one place where a function's type is given to its address")]
    pub(super) unsafe fn function<T: Copy>(&self, symbol: &'static str) -> Result<T, LocalError> {
        // SAFETY: the caller vouches for `T`.
        match unsafe { self.handle.get::<T>(symbol) } {
            Ok(function) => Ok(*function),
            Err(source) => Err(LocalError::FunctionMissing {
                library: self.name.clone(),
                symbol,
                package: self.package,
                source,
            }),
        }
    }
}
