"""Who asks. Only this package mints a `Principal`; all other packages take one as it is and never make one up."""
